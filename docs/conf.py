"""The documentation's settings: Sphinx, Markdown pages, and the API's chapters out of the docstrings."""

import configparser
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

_setup = configparser.ConfigParser(interpolation=None)
_setup.read(HERE.parent / "setup.cfg", "utf-8")

project = "array-api-backend"
author = _setup["metadata"]["author"]
copyright = author  # noqa: A001 - Sphinx's name
html_title = project

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "myst_parser",
    "numpydoc",
    "chapters",
    "repository_links",
]
exclude_patterns = ["_build"]
(repository,) = re.findall(r"^Source = (\S+)$", _setup["metadata"]["project_urls"], re.M)

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "undoc-members": False}
add_module_names = False
default_role = "code"  # single backquotes in docstrings
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "tango",
}
html_sidebars = {"*": []}  # of pages that have no others beside them
html_show_sourcelink = False
html_copy_source = False
