"""Makes archives of this folder as Python and GNU tar write them: long names, links, several gzip members.

    python archives.py
"""
import gzip
import io
import os
import tarfile
import zipfile

os.chdir(os.path.dirname(os.path.abspath(__file__)))
png = open("grey.png", "rb").read()
long = f"{'x' * 60}/{'y' * 60}/1.png"


def tar(kind):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name in ["0.png", long]:
            member = tarfile.TarInfo(name)
            member.size = len(png)
            archive.addfile(member, io.BytesIO(png))
        for name, kind, target in [("links/2.png", tarfile.SYMTYPE, f"../{long}"), ("3.png", tarfile.LNKTYPE, "0.png")]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    # No padding to a record: two blocks of zeros, at an end of this folder's files.
    return out.getvalue().rstrip(b"\0").ljust(512, b"\0")


for name, kind in [("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)]:
    content = tar(kind)
    content += bytes(-len(content) % 512 + 1024)
    with open(f"{name}.tar", "wb") as file:
        file.write(content)
    if kind == tarfile.PAX_FORMAT:
        with open("members.tar.gz", "wb") as file:
            file.write(gzip.compress(content[:2000], mtime=0) + gzip.compress(content[2000:], mtime=0) + bytes(64))


class Stream(io.RawIOBase):
    """Cannot seek: the writer puts sizes behind the content."""

    def __init__(self):
        self.parts = []

    def writable(self):
        return True

    def write(self, data):
        self.parts.append(bytes(data))
        return len(data)


stream = Stream()
with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
    for name in ["0.png", long]:
        with archive.open(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), "w", force_zip64=True) as member:
            member.write(png)
    link = zipfile.ZipInfo("links/2.png", (2026, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    archive.writestr(link, "../0.png")
with open("streamed.zip", "wb") as file:
    file.write(b"".join(stream.parts))
