"""Convolutions with TensorFlow's SAME padding, which may put one zero more behind than before."""

from torch import nn
from torch.nn import functional as F


def same_padding(size, kernel, stride):
    """Zeros before and after `size` values, so that a strided convolution gives ceil(size / stride)."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution: images shrink by the stride."""

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        top, bottom = same_padding(x.shape[2], kernel, stride)
        left, right = same_padding(x.shape[3], kernel, stride)
        return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, self.bias, self.stride)


class SameConvTranspose2d(nn.ConvTranspose2d):
    """The transpose of that convolution: images grow by the stride."""

    def forward(self, x):
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        height, width = x.shape[2] * stride, x.shape[3] * stride
        top, _ = same_padding(height, kernel, stride)
        left, _ = same_padding(width, kernel, stride)
        y = F.conv_transpose2d(x, self.weight, None, self.stride)
        y = F.pad(y, (0, max(0, left + width - y.shape[3]), 0, max(0, top + height - y.shape[2])))
        return y[:, :, top : top + height, left : left + width] + self.bias.view(1, -1, 1, 1)
