"""The last line: what it never leaves out, however much there is to say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from painting import frame_at
from releasing import READ_ONLY

from opsconsole.console.frame import Link
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import line_width, plain
from opsconsole.console.place import Place
from opsconsole.console.views import bars


@pytest.mark.parametrize("place", [Place(), Place("release", "chat-assist")], ids=["fleet", "releases"])
@pytest.mark.parametrize(
    "link",
    [Link("ok"), Link("lost"), Link("refused", "only the account of the daemon may look at what it has to say")],
    ids=lambda link: link.word,
)
def test_the_way_back_is_always_named_where_releases_are_looked_at(place: Place, link: Link) -> None:
    frame = replace(frame_at(place), link=link, terminal_words="link 9 kB/s · numbers only · cpu 100 %")
    for permission, named in ((None, "b roll back"), (READ_ONLY, "(b) roll back")):
        last = bars.bottom(replace(frame, permission=permission), Keymap(), 80)
        assert line_width(last) == 80
        assert named in plain(last)
