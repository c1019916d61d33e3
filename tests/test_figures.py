"""What the box counts of itself."""

from appliance.events import Alert, Gap, Utterance, Word
from appliance.figures import Figures


def test_each_kind_is_counted_by_what_matters_of_it() -> None:
    figures = Figures()
    words = (Word("too", 0, 1), Word("late", 1, 2))
    figures.receive(Utterance(who="caller", start_sample=0, end_sample=2, number=1, text="too late", words=words))
    figures.receive(Alert(who="caller", start_sample=0, end_sample=2, alert=1, rule="x", level="urgent", evidence=()))
    for _ in range(2):
        figures.receive(Gap(who="agent", start_sample=16_000, end_sample=40_000, reason="line_lost"))
    counts = figures.counts()
    assert counts.events == {"utterance": 1, "alert": 1, "gap": 2}
    assert (counts.words, counts.alerts, counts.missing_s) == ({"caller": 2}, {"urgent": 1}, {"line_lost": 3.0})
