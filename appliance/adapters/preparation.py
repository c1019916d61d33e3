"""What a call needs before its first frame: the line, the rules, the model, and the session over them."""

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args

from appliance.adapters import model_store
from appliance.adapters.line import Line, LineCall
from appliance.adapters.recognizers import RecognizerHost
from appliance.adapters.recording import Recording
from appliance.adapters.rule_file import load_rules
from appliance.config import Settings, SpeechSettings
from appliance.ears import Ears
from appliance.errors import BadInputError
from appliance.escalation.rules import RulePack
from appliance.events import Band, CallStarted, Notice, Word
from appliance.hearing import HIDE_NAMES_OF
from appliance.language.sentiment import sentiment
from appliance.line_settings import LineSettings, RecordingSettings, RtpTapSettings
from appliance.models.catalogue import Model
from appliance.models.choice import Choice, choose_installed
from appliance.session import CallSession
from appliance.siprec_settings import SiprecSettings
from appliance.sound_card_settings import SoundCardSettings
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import Side

ENDPOINTING: Final[dict[str, EndpointerSettings]] = {
    "vosk": EndpointerSettings(),
    # An engine that hears an utterance as a whole needs whole sentences to hear it well.
    "moonshine": EndpointerSettings(hangover_ms=640),
}


class Prepared(NamedTuple):
    """Everything that was checked; nothing runs yet. Bands that one model serves have the same host."""

    line: Line
    rules: RulePack
    choices: Mapping[Band, Choice]
    hosts: Mapping[Band, RecognizerHost | None]
    language: str
    feelings: frozenset[Side]
    hide_names_of: frozenset[Side] = HIDE_NAMES_OF

    @property
    def model(self) -> Model | None:
        """The model with which a call begins: the one for the band that the line declares."""
        return self.choices[self.line.band].model

    @property
    def host(self) -> RecognizerHost | None:
        """The host of that model."""
        return self.hosts[self.line.band]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What people would not expect of that model."""
        return self.choices[self.line.band].notices

    async def stop_hosts(self) -> None:
        """End the processes of all models."""
        for host in self.hosts.values():
            if host:
                await host.stop()

    async def stop_spare_hosts(self) -> None:
        """End the processes that no call needs and that the next one is not likely to."""
        for host in self.hosts.values():
            if host and host is not self.host and not host.calls:
                await host.stop()

    def new_session(self, call: LineCall) -> CallSession:
        """Give the session of a call on this line."""
        model = self.choices[call.band].model
        started = CallStarted(
            who="both",
            start_sample=0,
            end_sample=0,
            line=self.line.kind,
            language=self.language,
            band=call.band,
            engine=model.engine if model else "",
            model=model.name if model else "",
            rules=f"{self.rules.name} {self.rules.version}",
            identity=call.identity,
        )
        ears = {band: _ears(choice) for band, choice in self.choices.items()}
        return CallSession(call.sides, self.rules, ears, started, self.feelings, self.hide_names_of)


def prepare(settings: Settings, *, warm: bool = True) -> Prepared:
    """Check and load everything; raises `BadInputError` for whatever a person has to mend.

    `warm` False: recognizers hear nothing before the first call, for a run that only its end is waited for.
    """
    line = open_line(settings.line)
    language = settings.speech.language
    rules = load_rules(settings.rules_file, language)
    # Made ready here and not in the middle of a call: each takes a fifth of a second on a fast machine.
    rules.index.find("caller", ())
    if settings.feelings:
        sentiment((Word("fine", 0, 0),), language)
    choices = {line.band: choose(settings.speech, line.band)}
    for band in get_args(Band):
        if band not in choices:
            choices[band] = choose_if_any(settings.speech, band)
    hosts: dict[str, RecognizerHost] = {}
    for model in {choice.model.name: choice.model for choice in choices.values() if choice.model}.values():
        hosts[model.name] = RecognizerHost(model.engine, model_store.locate(model), warm=warm)
    by_band = {band: hosts[choice.model.name] if choice.model else None for band, choice in choices.items()}
    return Prepared(line, rules, choices, by_band, language, settings.feelings, settings.hide_names_of)


def open_line(settings: LineSettings) -> Line:
    """Give the line of these settings; raises `BadInputError` where it cannot be what they say.

    Each kind is loaded when it is asked for: a box has one, and the codecs of the others take a tenth of a second.
    """
    match settings:
        case RecordingSettings():
            return Recording(settings.file, settings.sides, settings.pace)
        case SoundCardSettings():
            from appliance.adapters.sound_card import SoundCard  # noqa: PLC0415 - see above

            return SoundCard(settings)
        case RtpTapSettings():
            from appliance.adapters.rtp_tap import RtpTap  # noqa: PLC0415 - see above
            from appliance.telephony.tap_roles import agent_rule  # noqa: PLC0415 - see above

            rule = agent_rule(settings.agents)
            file, interface = settings.file, settings.interface
            return RtpTap(rule, file=file, interface=interface, pace=settings.pace, keep_keys=settings.keep_keys)
        case SiprecSettings():
            from appliance.adapters.siprec_line import SiprecLine  # noqa: PLC0415 - see above

            return SiprecLine(settings)


def choose(settings: SpeechSettings, band: Band) -> Choice:
    """Choose the model for a band and check its files. Raises `BadInputError` where one is needed and not there."""
    installed = {folder.name for folder in model_store.installed_folders()}
    choice = choose_installed(model_store.known_models(), installed, settings.language, band, settings.engine)
    if choice.model:
        model_store.check(model_store.locate(choice.model))
    return choice


def choose_if_any(settings: SpeechSettings, band: Band) -> Choice:
    """Choose for a band that the line does not declare: no reason not to start, but to be told when it is measured."""
    try:
        return choose(settings, band)
    except BadInputError as error:
        text = f"{error.what[:1].upper()}{error.what[1:]}: {error.mend}"
        return Choice(None, (Notice(who="both", start_sample=0, end_sample=0, code="no_model_installed", text=text),))


def _ears(choice: Choice) -> Ears:
    if choice.model is None:
        return Ears("", EndpointerSettings(), choice.notices)
    return Ears(choice.model.name, ENDPOINTING[choice.model.engine], choice.notices)
