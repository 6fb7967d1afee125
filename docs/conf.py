"""Sphinx configuration. The site builds without network: no inventories, fonts or scripts from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import perfpy

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE)]

project = "perfpy"
author = "the perfpy developers"
project_copyright = "2026, the perfpy developers"
release = version = perfpy.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "measured",
    "offline",
    "pictures",
    "sharing",
    "scalings",
]
templates_path = ["_templates"]
exclude_patterns = [
    "**sg_execution_times.rst",  # would load scripts from the network
    "_build",
    "**/GALLERY_HEADER.*",
    "gallery/*.ipynb",
    "gallery/*.py",
    "gallery/*.md5",
    "data",
]
suppress_warnings = ["config.cache"]  # sphinx-gallery's configuration holds a class
nitpicky = False
default_role = "autolink"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline", "attrs_block"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "EX01",  # examples belong to the public functions and are demanded by tests/test_docs.py
    "ES01",  # a summary line that says it all needs no second paragraph
    "RT01",  # nor, where it begins with "Return", a section
    "SA01",  # "See Also" where there is something to see
    "SA04",  # names in "See Also" that describe themselves
    "GL01",  # the docstring starts on the line of the quotes, as ruff formats it
    "GL02",  # and closes on its own line only when it has several
    "GL08",  # undocumented objects are found by ruff
    "RT03",  # a description of what is returned may start with a type
    "PR01",  # attributes of dataclasses are documented as parameters of the class
    "PR02",
    "RT02",
    "PR03",
    "PR04",  # "as for `f`" says the types, too
    "PR06",  # "integer dtype" is what numpy calls it
}

html_theme = "pydata_sphinx_theme"
html_title = "perfpy"
html_static_path = ["_static"]
html_css_files = ["perfpy.css"]
html_favicon = "_static/logo.svg"
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"image_light": "_static/logo.svg", "image_dark": "_static/logo.svg", "text": "perfpy"},
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {
    "index": [],
    "first_steps": [],
    "backends": [],
    "laboratory": [],
    "executors": [],
    "multiprocessing": [],
    "techniques/*": [],
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": ("matplotlib", "pictures.plain_style"),
}
