"""The description for package indexes: README with relative links made absolute. Everything else is in setup.cfg."""

import configparser
import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)]+)\)")


# Python runs this line when it starts, so that KERAS_BACKEND=array_api is all that a program of Keras 3 needs.
START = """import os; os.environ.get("KERAS_BACKEND") == "array_api" and __import__("backend.compat.keras3")
"""


class Build(build_py):
    """Adds the file with that line beside the packages."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            Path(self.build_lib, "array_api_backend_keras3.pth").write_text(START, "utf-8")


def described(readme: str, repository: str) -> str:
    """README for readers who do not have the repository beside it: pictures as they are, files as its pages."""

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link.groups()
        kind = "raw" if picture else "tree" if (ROOT / path).is_dir() else "blob"
        return f"{picture}[{text}]({repository}/{kind}/main/{path})"

    return LINK.sub(absolute, readme)


if __name__ == "__main__":
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "setup.cfg", "utf-8")
    (repository,) = re.findall(r"^Source = (\S+)$", metadata["metadata"]["project_urls"], re.M)
    setup(
        cmdclass={"build_py": Build},
        long_description=described((ROOT / "README.md").read_text("utf-8"), repository),
        long_description_content_type="text/markdown",
    )
