"""MkDocs hook: brings the repository's pages into the site, each at its own path.

Relative links between pages then work in the site as they do in the repository. After the
build, a page that would load something from another server fails it.
"""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = (
    "*.md",
    "LICENSE",
    "certs-example/*.md",
    "client/**/README.md",
    "deploy/**/*",
    "docs/**/*.md",
    "docs/examples/**/*",
    "docs/graphs/*",
    "docs/pictures/*",
    "docs/reference/schemas/*",
    "proto/*.md",
)

sys.path.insert(0, str(HERE))
from outside import outside, outside_style  # noqa: E402  (a hook has no package)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills the navigation's list of decisions."""
    decisions = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/adr/*.md"))
    for tab in config.nav or ():
        for entries in tab.values() if isinstance(tab, dict) else ():
            for entry in entries:
                if isinstance(entry, dict) and "Decisions" in entry:
                    entry["Decisions"] = decisions
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages, and the files that they link to."""
    for path in sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)}):
        if path.is_file():
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Fails the build where a page or a style sheet would load from another server."""
    site = Path(config.site_dir)
    found = [
        f"{path.relative_to(site)}: {address}"
        for pattern, addresses in (("**/*.html", outside), ("**/*.css", outside_style))
        for path in sorted(site.glob(pattern))
        for address in addresses(path.read_text(encoding="utf-8"))
    ]
    if found:
        raise PluginError("These would be loaded from another server:\n" + "\n".join(found))
