"""What a call needs before its first frame: the line, the rules, the model, and the session over them."""

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

from appliance.adapters import model_store
from appliance.adapters.recognizers import RecognizerHost
from appliance.adapters.recording import Recording
from appliance.config import Settings
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack, parse_rules
from appliance.events import CallStarted, Notice
from appliance.models.catalogue import Model
from appliance.models.choice import choose_installed
from appliance.session import CallSession
from appliance.speech.endpointer import EndpointerSettings

ENDPOINTING: Final[dict[str, EndpointerSettings]] = {
    "vosk": EndpointerSettings(),
    # An engine that hears an utterance as a whole needs whole sentences to hear it well.
    "moonshine": EndpointerSettings(hangover_ms=640),
}


class Prepared(NamedTuple):
    """Everything that was checked and loaded; nothing runs yet."""

    line: Recording
    rules: RulePack
    model: Model | None
    host: RecognizerHost | None
    notices: tuple[Notice, ...]
    language: str

    def new_session(self) -> CallSession:
        """Give the session of the next call on this line."""
        started = CallStarted(
            who="both",
            start_sample=0,
            end_sample=0,
            line="recording",
            language=self.language,
            band=self.line.band,
            engine=self.model.engine if self.model else "",
            model=self.model.name if self.model else "",
            rules=f"{self.rules.name} {self.rules.version}",
        )
        settings = ENDPOINTING[self.model.engine] if self.model else EndpointerSettings()
        return CallSession(self.line.sides, self.rules, settings, started, self.notices)


def prepare(settings: Settings) -> Prepared:
    """Check and load everything; raises `BadInputError` for whatever a person has to mend."""
    line = Recording(settings.line.file, settings.line.sides)
    language = settings.speech.language
    rules = load_rules(settings.rules_file, language)
    installed = {folder.name for folder in model_store.installed_folders()}
    choice = choose_installed(model_store.catalogue(), installed, language, line.band, settings.speech.engine)
    host = None
    if choice.model:
        folder = model_store.locate(choice.model)
        model_store.check(folder)
        host = RecognizerHost(choice.model.engine, folder)
    return Prepared(line, rules, choice.model, host, choice.notices, language)


def load_rules(file: Path | None, language: str) -> RulePack:
    """Read the rules of a file, or else the pack that ships for the language (none ships for most: no rules)."""
    if file is not None:
        try:
            return parse_rules(file.read_bytes(), str(file))
        except OSError as error:
            raise BadInputError(
                f"the rules cannot be read ({error.strerror})", where=str(file), mend="check the path and its rights"
            ) from error
    shipped = resources.files("appliance") / "rules" / f"{language.partition('-')[0]}.toml"
    if not shipped.is_file():
        return RulePack("none", "0", language, (), ())
    return parse_rules(shipped.read_bytes(), shipped.name)
