"""The documentation names every setting, metric and decision, and its links lead somewhere."""

import re
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import pytest
from prometheus_client import REGISTRY

from humidor_common.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("services/*/README.md")])
OPERATIONS = (ROOT / "docs/operations.md").read_text()
NAMES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
SETTING = re.compile(r"^\| `(HUMIDOR_[A-Z_0-9]+)` \| ([^|]*?) ?\|", re.MULTILINE)


def settings_of_services() -> dict[str, str]:
    """Give every setting's default as the tables show it; a service may only give one of its own."""
    classes: list[type[ServiceSettings]] = [
        ServiceSettings,
        *(import_module(f"humidor_{name}.app").SERVICE.settings for name in NAMES),
    ]
    found: dict[str, str] = {}
    for each in classes:
        for key, field in each.model_fields.items():
            default = "" if field.is_required() else field.default
            shown = {None: "none", "": "empty"}.get(default, str(default)) if not field.is_required() else ""
            found.setdefault(f"HUMIDOR_{key.upper()}", shown)
    return found


def test_every_setting_is_listed_with_its_default() -> None:
    assert dict(SETTING.findall(OPERATIONS)) == settings_of_services()


def test_every_metric_is_listed() -> None:
    for name in NAMES:
        import_module(f"humidor_{name}.app")
    own = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("humidor_")}
    listed = set(re.findall(r"^\| `(humidor_[a-z_]+)`", OPERATIONS, re.MULTILINE))
    assert own <= {name.removesuffix("_total").removesuffix("_info") for name in listed}


def test_every_decision_stands_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "index.md").read_text()
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"\]\(([0-9][^)]*)\)", index) == pages
    numbers = [name[:4] for name in pages]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path = (page.parent / unquote(target.partition("#")[0])).resolve()
            assert path.exists(), f"{page.relative_to(ROOT)} links to {target}"


ANALYSES = sorted(
    page
    for page in (ROOT / "docs/customers").glob("*.md")
    if page.stem in {"profiles", "value", "churn", "clusters", "segments", "campaigns"}
    or page.stem.startswith(("mining-", "market-"))
)


@pytest.mark.parametrize("page", ANALYSES, ids=lambda page: page.stem)
def test_the_page_of_an_analysis_says_what_it_assumes_how_to_read_it_and_when_not_to_trust_it(
    page: Path,
) -> None:
    text = page.read_text()
    for said in (
        "## What it assumes|\\*\\*Assumes",
        "## How to read it|\\*\\*Reading it",
        "[Nn]ot (to )?trust it",
    ):
        assert re.search(said, text), said
