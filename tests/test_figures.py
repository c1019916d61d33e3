"""What the box counts of itself."""

from appliance.events import Alert, Gap, Utterance, Word
from appliance.figures import Figures, WordRate


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


def test_words_a_minute_are_those_of_the_last_minute_and_nothing_is_told_without_a_call() -> None:
    rate = WordRate()
    assert rate.receive_look(0.0, 0, 0) is None
    assert [rate.receive_look(5.0 * at, 10 * at, 1) for at in range(1, 4)] == [120.0, 120.0, 120.0]
    assert rate.receive_look(75.0, 40, 1) == 10.0, "ten words since the look a minute ago"
    assert rate.receive_look(135.0, 40, 0) == 0.0, "a call was on in this minute, and nobody said a word"
    assert rate.receive_look(140.0, 40, 0) is None
