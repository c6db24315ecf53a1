"""Names, labels and formats within the limits of SPSS and SAS; what SAS has to be told beside the data."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

LABEL_BYTES = 256
TEXT_BYTES = 32_767
# Words of the language of SPSS that no variable may be called.
_RESERVED = frozenset(("ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"))
_NAME_BYTES = {"sav": 64, "xpt": 32}


class Variable(NamedTuple):
    """A column as a statistics program sees it; `labels` are the meanings of its codes."""

    name: str
    label: str
    labels: dict[int | float, str]


def cut(text: str, most: int) -> str:
    """Cut a text at so many bytes of UTF-8, between characters; the programs cut in the middle of one."""
    encoded = text.encode(errors="replace")
    return text if len(encoded) <= most else encoded[:most].decode(errors="ignore")


def variable_names(names: Sequence[str], kind: str) -> list[str]:
    """Name variables, each once, whatever the case: `volume.value` is `volume_value`, `by` is `by_`.

    SPSS takes 64 bytes and SAS (XPORT 8) 32, of ASCII letters, digits and underscores, no digit first.
    """
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name).strip("_") or "v"
        plain = plain if plain[0].isalpha() else f"v_{plain}"
        plain = f"{plain}_" if plain.upper() in _RESERVED else plain
        most, number, candidate = _NAME_BYTES[kind], 1, plain[: _NAME_BYTES[kind]]
        while candidate.upper() in taken:
            number += 1
            candidate = f"{plain[: most - len(str(number)) - 1]}_{number}"
        taken.add(candidate.upper())
        found.append(candidate)
    return found


def sas_program(table: str, variables: Sequence[Variable]) -> str:
    """Write what XPORT cannot hold: how to read the file, what codes mean (PROC FORMAT), and full labels."""
    coded = [each for each in variables if each.labels]
    lines = [
        "/* Reads the file beside this one and says what its codes mean. Needs SAS with encoding UTF-8. */",
        f"%xpt2loc(libref=work, memlist={table}, filespec='{table}.xpt');",
    ]
    if coded:
        lines.append("proc format;")
        for each in coded:
            values = " ".join(f"{code}={_quoted(text)}" for code, text in each.labels.items())
            lines.append(f"  value {_format_name(each.name)} {values};")
        lines.append("run;")
    lines += [f"proc datasets library=work nolist; modify {table};"]
    lines += [f"  format {each.name} {_format_name(each.name)}.;" for each in coded]
    lines += [f"  label {each.name}={_quoted(each.label)};" for each in variables]
    return "\n".join([*lines, "run; quit;", ""])


def spss_program(table: str, variables: Sequence[Variable], measures: Mapping[str, str]) -> str:
    """Write syntax that reads the file beside it, says again what all means, and describes each variable.

    What the file carries itself stands here once more, so that it can be applied to a copy that lost it.
    """
    coded = [each for each in variables if each.labels]
    scale = [each.name for each in variables if measures.get(each.name) == "scale"]
    lines = [
        "* Reads the file beside this one and says what its codes mean; run it from the folder of both.",
        "* Encoding: UTF-8.",
        f"GET FILE='{table}.sav'.",
        "VARIABLE LABELS",
        *[f"  {'' if n == 0 else '/'}{each.name} {_spss(each.label)}" for n, each in enumerate(variables)],
        "  .",
    ]
    if coded:
        lines.append("VALUE LABELS")
        for n, each in enumerate(coded):
            lines.append(f"  {'' if n == 0 else '/'}{each.name}")
            lines += [f"    {code} {_spss(text)}" for code, text in each.labels.items()]
        lines.append("  .")
    lines += ["DISPLAY DICTIONARY."]
    lines += [f"FREQUENCIES VARIABLES={each.name}." for each in coded]
    lines += [f"DESCRIPTIVES VARIABLES={name}." for name in scale]
    return "\n".join([*lines, ""])


def _spss(text: str) -> str:
    """Between single quotes, in pieces: a line of syntax has 256 bytes at most."""
    plain = re.sub(r"[\x00-\x1f]+", " ", text)
    pieces = [plain[at : at + 60].replace("'", "''") for at in range(0, len(plain), 60)] or [""]
    return " +\n      ".join(f"'{piece}'" for piece in pieces)


def _format_name(name: str) -> str:
    """A format's name has 32 characters and no digit at its end."""
    return f"{name[:30]}_f"


def _quoted(text: str) -> str:
    """Between single quotes SAS resolves no macro, whatever the text says; none of its lines may break."""
    plain = re.sub(r"[\x00-\x1f]+", " ", text).replace("'", "''")
    return f"'{plain}'"
