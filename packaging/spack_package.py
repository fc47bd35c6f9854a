# A package recipe for Spack: https://spack.readthedocs.io/en/latest/packaging_guide_creation.html
# Put it as packages/nsfarm_deno/package.py into a repository of yours, and the archives into a source mirror or beside it.
import os
import platform

from spack.package import *


class NsfarmDeno(Package):
    """Splits nextstat toys into shards, runs them on a farm, checks and merges the set."""

    homepage = "https://nextstat.io"

    license("MIT")

    _archives = {
{{#archives}}
        "{{arch}}": ("{{file}}", "{{sha256}}"),
{{/archives}}
    }
    _file, _sha256 = _archives.get(platform.machine(), ("", ""))
    if _file:
        version(
            "{{version}}",
            url="file://" + os.path.join(os.path.dirname(__file__), _file),
            sha256=_sha256,
        )

    conflicts("platform=darwin", msg="nsfarm-deno runs on Linux")

    def install(self, spec, prefix):
        install_tree("bin", prefix.bin)
        install_tree("share", prefix.share)
