"""Three looks: dark, light, and the terminal's own sixteen colours.

Meaning is never in a colour alone; these only make it quicker to see.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="dark",
    primary="#7aa2c8",
    secondary="#9a8fc0",
    accent="#7fb8a4",
    success="#8fbf7f",
    warning="#d9b36c",
    error="#e07a78",
    foreground="#d8dade",
    background="#15171a",
    surface="#1c1f23",
    panel="#24282d",
    dark=True,
    variables={
        "text-muted": "#8b9199",
        "border": "#7aa2c8",
        "border-blurred": "#3a4047",
        "block-cursor-background": "#2c3a48",
        "block-cursor-foreground": "#eceef1",
        "block-cursor-blurred-background": "#24282d",
        "scrollbar": "#3a4047",
        "scrollbar-hover": "#4b535c",
        "scrollbar-active": "#7aa2c8",
        "scrollbar-background": "#1c1f23",
    },
)
LIGHT = Theme(
    name="light",
    primary="#2f6690",
    secondary="#5f5394",
    accent="#2f7a63",
    success="#3f7d33",
    warning="#8a6110",
    error="#b3383a",
    foreground="#24272b",
    background="#fbfaf7",
    surface="#f2f0eb",
    panel="#e7e4dd",
    dark=False,
    variables={
        "text-muted": "#6a6f76",
        "border": "#2f6690",
        "border-blurred": "#c9c5bb",
        "block-cursor-background": "#d5e1ec",
        "block-cursor-foreground": "#15171a",
        "block-cursor-blurred-background": "#e7e4dd",
        "scrollbar": "#c9c5bb",
        "scrollbar-hover": "#b3aea2",
        "scrollbar-active": "#2f6690",
        "scrollbar-background": "#f2f0eb",
    },
)
ANSI = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "text-muted": "ansi_bright_black",
        "border": "ansi_blue",
        "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-text-style": "underline",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_black",
    },
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, ANSI)}
