"""How settings read: groups, rows, what stands beside a choice, and where a value comes from.

Knows no widget, and neither file nor keychain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content

from models.keys import VARIABLES, Source
from tui import render
from valence.config import Settings
from valence.options import Option, promise

GROUPS = {
    "local": "Local model",
    "frontier": "Frontier",
    "gate": "Promise",
    "training": "Training",
    "memory": "Memory",
    "privacy": "Privacy",
    "terminal": "Terminal",
}
CHOICES = {
    ("frontier.provider", "none"): "stay local: nothing is sent anywhere",
    ("frontier.provider", "anthropic"): "Anthropic's API",
    ("frontier.provider", "openai"): "OpenAI's API, or any server that speaks its protocol",
    ("privacy.learn", "all"): "every call may become an example to learn from",
    ("privacy.learn", "corrections"): "only what you correct",
    ("privacy.learn", "none"): "nothing is learnt from",
    ("privacy.offline", "true"): "no network connection, at all",
    ("privacy.offline", "false"): "the frontier and downloads may use the network",
    ("terminal.theme", "ansi"): "the terminal's own colours",
}
"""What a choice means, where its name does not say it."""
NAME = 24
"""Cells of a setting's name."""

KEY_WORDS: dict[Source | None, str] = {
    "keychain": "in the keychain",
    "environment": "in the environment",
    None: "none",
}


def heading(section: str) -> Content:
    """A group's name."""
    return Content.styled(GROUPS.get(section, section.capitalize()), "bold $text-primary")


def meaning(section: str, settings: Settings) -> str:
    """What the settings of a group mean together, "" where each speaks for itself."""
    meanings: dict[str, Callable[[Settings], str]] = {
        "gate": lambda chosen: promise(chosen.gate),
        "frontier": _frontier,
        "privacy": _privacy,
    }
    return meanings[section](settings) if section in meanings else ""


def row(option: Option, width: int) -> Content:
    """A setting on one line: its name, its value, and where that comes from."""
    changed = option.value != option.default
    note = {"environment": "environment", "file": "set", "default": ""}[option.origin]
    room = max(6, width - NAME - len(note) - 4)
    return Content.assemble(
        f"  {render.fit(option.name.replace('_', ' '), NAME)}",
        (render.fit(option.value, room), "bold" if changed else render.QUIET),
        (f"  {note}", render.QUIET),
    )


def key_row(provider: str, source: Source | None) -> Content:
    """Whether there is a key; the key itself is never shown."""
    name = render.fit(f"{provider} key", NAME)
    return Content.assemble(f"  {name}", (KEY_WORDS[source], "bold" if source else render.QUIET))


def details(option: Option) -> Content:
    """All that is to know of a setting."""
    lines = [
        (f"{option.key} = {render.line(option.value)}", "bold"),
        (f"\n{render.line(option.meaning)}", ""),
        (_chosen(option), ""),
        (f"\n{_origin(option)} {_way(option)}", render.QUIET),
    ]
    return Content.assemble(*lines)


def _origin(option: Option) -> str:
    if option.origin == "environment":
        return f"{option.variable} in the environment sets it, and stands above config.toml."
    if option.value == option.default:
        return "This is the default."
    return f"The default is {render.line(option.default)}."


def _way(option: Option) -> str:
    if not option.editable:
        return "It can be changed there, not here."
    return f"Enter changes it, r goes back to the default. {option.effect}"


def key_details(provider: str, source: Source | None) -> Content:
    """What is to know of a key."""
    ways = {
        "environment": f"{VARIABLES[provider]} holds it, and stands above the keychain.",
        "keychain": "The keychain holds it. Enter puts another in its place, r takes it out.",
        None: f"Enter puts one into the keychain; {VARIABLES[provider]} does as well.",
    }
    return Content.assemble(
        (f"API key of {provider}", "bold"),
        "\nOnly a frontier needs one: without it everything stays on this machine.",
        (f"\n{ways[source]} It is never shown, and kept nowhere else.", render.QUIET),
    )


def choice(option: Option, value: str) -> Content:
    """One of the values a setting may have."""
    words = CHOICES.get((option.key, value), "")
    mark = "●" if value == option.value else "○"
    return Content.assemble(f"{mark} {value}", (f"  {words}", render.QUIET))


def matches(option: Option, words: list[str]) -> bool:
    """Whether a setting is meant by what was typed."""
    group = GROUPS.get(option.section, option.section)
    text = f"{group} {option.key} {option.name.replace('_', ' ')} {option.meaning}".casefold()
    return all(word in text for word in words)


def matching_keys(keys: Mapping[str, Source | None], words: list[str]) -> list[str]:
    """The providers whose keys are meant."""
    return [name for name in keys if all(word in f"frontier {name} api key" for word in words)]


def _chosen(option: Option) -> str:
    words = CHOICES.get((option.key, option.value), "")
    return f"\n{words[:1].upper()}{words[1:]}." if words else ""


def _frontier(settings: Settings) -> str:
    if settings.privacy.offline:
        return "You are offline: it is not asked."
    if settings.frontier.provider == "none":
        return "You stay local: nothing is sent anywhere."
    return "It answers what is not sure enough here; secrets are masked first."


def _privacy(settings: Settings) -> str:
    return "No connection is made." if settings.privacy.offline else ""
