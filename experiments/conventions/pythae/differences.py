#!/usr/bin/env python3
"""What pythae 0.1.2 does that its names do not say: differences.py, which writes differences.json. Every row runs pythae."""
import contextlib, math, pathlib, sys, tempfile

sys.path.append(str(pathlib.Path(__file__).parents[1]))
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import IWAE, VAE, BetaTCVAE, BetaTCVAEConfig, INFOVAE_MMD, INFOVAE_MMD_Config, IWAEConfig, VAEConfig, WAE_MMD_Config
from pythae.trainers import BaseTrainer, BaseTrainerConfig

from rows import Rows

SIZES = dict(input_dim=(1, 3, 3), latent_dim=2)
rows = Rows("pythae/differences", ["pythae", "torch", "numpy"])
torch.manual_seed(3)
images = torch.rand(6, 1, 3, 3)
data = {"data": images}


def squared_error():
    model = VAE(VAEConfig(**SIZES))
    out = model(data)
    plain = ((out.recon_x.reshape(6, -1) - images.reshape(6, -1)) ** 2).sum(1).mean().item()
    rows.add("squared error", "6 random images", "pythae", "recon_loss over the sum of squared errors", out.recon_loss.item() / plain)


def sigmoid():
    model = VAE(VAEConfig(**SIZES))
    out = model.decoder(1000 * torch.randn(200, 2))["reconstruction"]
    rows.add("range of pixels", "200 codes of size 1000", "pythae", "least and largest reconstructed pixel", [out.min().item(), out.max().item()])


def info_vae():
    config = INFOVAE_MMD_Config(**SIZES)
    model = INFOVAE_MMD(config)
    out = model(data)
    weight = (out.loss - out.recon_loss - (1 - config.alpha) * out.reg_loss) / out.mmd_loss
    rows.add("InfoVAE", f"defaults: alpha={config.alpha}, lbd={config.lbd}", "pythae", "weight of the MMD in its loss", weight.item())


def stratified():
    model = BetaTCVAE(BetaTCVAEConfig(**SIZES))
    found = model._log_importance_weight_matrix(5, 100).exp()
    # Chen et al. 2018, appendix C.2: the diagonal 1/N, one other of each row the stratified weight, the rest 1/M.
    N, M = 100, 4
    rest, own, other = 1 / M, 1 / N, (N - M) / (N * M)
    name = lambda w: min([("1/M", rest), ("1/N", own), ("stratified", other)], key=lambda n: abs(n[1] - w))[0]
    table = [[name(w.item()) for w in row] for row in found]
    rows.add("total correlation", "5 images of 100", "pythae", "columns of the weight 1/N, which belongs to the diagonal", [[j for j, w in enumerate(row) if w == "1/N"] for row in table])
    rows.add("total correlation", "5 images of 100", "pythae", "columns of the stratified weight", [[j for j, w in enumerate(row) if w == "stratified"] for row in table])


def iwae():
    for samples in [1, 5, 50]:
        model = IWAE(IWAEConfig(number_samples=samples, **SIZES))
        mu = model.encoder(images)
        mean, log_var = (t.unsqueeze(1).repeat(1, samples, 1) for t in (mu.embedding, mu.log_covariance))
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        recon = model.decoder(z.reshape(-1, 2))["reconstruction"].reshape(6, samples, -1)
        logged = model.loss_function(recon, images, mean, log_var, z)[0].item()
        distance = 0.5 * ((recon - images.reshape(6, 1, -1)) ** 2).sum(-1)
        log_w = -distance - 0.5 * (z**2).sum(-1) + 0.5 * (log_var + (z - mean) ** 2 / log_var.exp()).sum(-1)
        bound = -(torch.logsumexp(log_w, 1) - math.log(samples)).mean().item()
        rows.add("IWAE", f"{samples} samples, same draws", "pythae", "logged loss", logged)
        rows.add("IWAE", f"{samples} samples, same draws", "the bound", "-mean ln 1/K sum w", bound)


def nll():
    model = VAE(VAEConfig(**SIZES))
    seen = []
    encode = model.encoder.forward
    model.encoder.forward = lambda x: seen.append(len(x)) or encode(x)
    torch.manual_seed(0)
    with torch.no_grad():
        value = model.get_nll(images, n_samples=1)
    rows.add("get_nll", "6 images of 9 pixels, n_samples=1", "pythae", "what it returns", value)
    rows.add("get_nll", "6 images of 9 pixels, n_samples=1", "pythae", "samples of each image that it draws", seen[0])
    rows.add("get_nll", "9 pixels", "arithmetic", "-(D/2) ln 2 pi, the most at sigma 1", -4.5 * math.log(2 * math.pi))


def best_kept():
    config = WAE_MMD_Config(**SIZES)
    rows.add("WAE_MMD", "defaults", "pythae", "weight of the MMD over that of the squared error", config.reg_weight / config.reconstruction_loss_scale)
    # Training that makes the evaluation worse: the model that is saved is not the last.
    # pythae writes a log where it stands.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        torch.manual_seed(0)
        model = VAE(VAEConfig(**SIZES))
        settings = BaseTrainerConfig(output_dir=folder, num_epochs=6, learning_rate=1e-3, per_device_train_batch_size=6, per_device_eval_batch_size=6)
        train, test = BaseDataset(images, torch.ones(6)), BaseDataset(1 - images, torch.ones(6))
        trainer = BaseTrainer(model, train, test, settings)
        losses, step = [], trainer.eval_step
        trainer.eval_step = lambda epoch: losses.append(step(epoch)) or losses[-1]
        trainer.train("final")
        kept = VAE.load_from_folder(f"{trainer.training_dir}/final_model").state_dict()
        last = trainer.model.state_dict()
        same = all(torch.equal(kept[name].cpu(), last[name].cpu()) for name in kept)
    rows.add("saved model", "6 epochs, evaluation loss rises", "pythae", "epoch of the least evaluation loss", losses.index(min(losses)) + 1)
    rows.add("saved model", "6 epochs, evaluation loss rises", "pythae", "saved weights are those of the last epoch", same)


for part in [squared_error, sigmoid, info_vae, stratified, iwae, nll, best_kept]:
    part()
rows.write()
