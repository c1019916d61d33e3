"""Which speech model a line gets: one that is installed, speaks the language and hears the band."""

from collections.abc import Collection
from typing import Literal, NamedTuple

from appliance.errors import BadInputError
from appliance.events import Band, Notice
from appliance.models.catalogue import Catalogue, Model, for_language

EngineChoice = Literal["auto", "vosk", "moonshine"]


class Choice(NamedTuple):
    """The model for a line, None where no model hears it; `notices` tell people what they would not expect."""

    model: Model | None
    notices: tuple[Notice, ...] = ()


def choose_installed(
    models: Catalogue, installed: Collection[str], language: str, band: Band, engine: EngineChoice
) -> Choice:
    """Choose among the models with the names `installed`.

    `models` may hold installed ones that the catalogue does not list, behind its own.
    With "auto" the first that hears the band; a better one that is not installed is named in a
    notice. An engine that is asked for is taken even where it is deaf, with a notice. Raises `BadInputError` when the
    language is unknown to the engine, or nothing fitting is installed.
    """
    named = None if engine == "auto" else engine
    candidates = for_language(models, language, named)
    if not candidates:
        known = ", ".join(sorted({tag for model in for_engine(models, named) for tag in model.languages}))
        of_engine = f" of the engine {engine}" if named else ""
        raise BadInputError(f"no speech model{of_engine} knows the language {language!r}", mend=f"take one of: {known}")
    hearing = [model for model in candidates if model.hears(band)]
    if not hearing and engine == "auto":
        return Choice(None, (_nothing_hears(language, band, candidates),))
    wanted = hearing or list(candidates)
    chosen = next((model for model in wanted if model.name in installed), None)
    if chosen is None:
        mend = f"undertone model fetch {wanted[0].name}"
        raise BadInputError(f"no speech model for {language!r} on a {band} line is installed", mend=mend)
    notices = [_deaf(chosen, band)] if not hearing else []
    if chosen is not wanted[0]:
        notices.append(_second_choice(wanted[0], chosen))
    return Choice(chosen, tuple(notices))


def for_engine(models: Catalogue, engine: Literal["vosk", "moonshine"] | None) -> list[Model]:
    """Give the models of an engine, all with None."""
    return [model for model in models if engine in (None, model.engine)]


def _nothing_hears(language: str, band: Band, candidates: Catalogue) -> Notice:
    text = f"No speech model hears {language!r} on a {band}-band line: there will be no transcript and no phrases."
    wide = next((model for model in candidates if model.engine == "vosk" and model.hears("wide")), None)
    if band == "narrow" and wide:
        text += f" Mend: undertone model adapt {wide.name} --band telephone."
    return _notice("no_model_hears", text)


def _deaf(model: Model, band: Band) -> Notice:
    text = f"{model.name} was not made for a {band}-band line: expect most words to be wrong."
    return _notice("model_deaf", text)


def _second_choice(better: Model, chosen: Model) -> Notice:
    return _notice("second_choice", f"{better.name} is not installed; {chosen.name} listens instead.")


def _notice(code: str, text: str) -> Notice:
    return Notice(who="both", start_sample=0, end_sample=0, code=code, text=text)
