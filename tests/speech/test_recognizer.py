from appliance.events import Word
from appliance.speech.recognizer import ScriptedRecognizer

SCRIPT = [Word("my", 100, 200), Word("lawyer", 200, 500), Word("now", 900, 1000)]


def pcm(sample_count: int) -> bytes:
    return bytes(2 * sample_count)


def test_the_script_s_words_come_when_their_time_has_come() -> None:
    recognizer = ScriptedRecognizer(SCRIPT)
    assert recognizer.hear(50, pcm(100)) is None
    assert recognizer.hear(150, pcm(100)) == tuple(SCRIPT[:1])
    assert recognizer.hear(250, pcm(100)) is None
    assert recognizer.hear(350, pcm(200)) == tuple(SCRIPT[:2])


def test_the_final_holds_a_word_that_was_still_being_said() -> None:
    recognizer = ScriptedRecognizer(SCRIPT)
    recognizer.hear(50, pcm(300))
    assert recognizer.end_utterance() == tuple(SCRIPT[:2])


def test_the_next_utterance_begins_anew() -> None:
    recognizer = ScriptedRecognizer(SCRIPT)
    recognizer.hear(50, pcm(600))
    recognizer.end_utterance()
    assert recognizer.hear(800, pcm(400)) == tuple(SCRIPT[2:])
    assert recognizer.end_utterance() == tuple(SCRIPT[2:])


def test_a_partial_that_is_not_wanted_comes_with_the_next_one() -> None:
    recognizer = ScriptedRecognizer(SCRIPT)
    assert recognizer.hear(50, pcm(200), wants_partial=False) is None
    assert recognizer.hear(250, pcm(10)) == tuple(SCRIPT[:1])


def test_an_utterance_without_audio_has_no_words() -> None:
    recognizer = ScriptedRecognizer(SCRIPT)
    recognizer.hear(50, pcm(600))
    recognizer.end_utterance()
    assert recognizer.end_utterance() == ()
