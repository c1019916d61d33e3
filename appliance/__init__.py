"""Undertone: the firmware of a box that listens to a call and lights up when it needs help.

The life of one frame, in the order of the functions it passes:

1. A line (`adapters.line.Line`) gives its calls, `switchboard.Switchboard` runs each. The steps of a call hold 20 ms
   of each side, at 16 kHz, stamped with their sample position: `adapters.recording.Recording.frames` reads them from a
   file, and `paced` gives them at the pace of a live line. Audio that never came is a `Lost` in its place.
2. `call.Call._listen` asks `adapters.vad.VoiceDetector.is_voiced` and hands the frame to the session.
3. `session.CallSession.receive_frame` shows it to this side's `speech.band.BandMeter`, which decides which model must
   listen, and to this side's `speech.hold.HoldGate`, which keeps music (`speech.music.MusicDetector`) back and passes
   all else to this side's `speech.listener.Listener`, whose
   `speech.level.NoiseFloor` and `speech.endpointer.Endpointer` decide whether it belongs to an utterance.
4. What belongs to one becomes a `speech.recognizer.Hear` request; `adapters.recognizers.Recognizers.send` takes it
   to the first free worker process (`adapters.recognizer_host`), where `VoskRecognizer` or `MoonshineRecognizer` hears
   it.
   Meanwhile `meters.Meters` shows the frame to this side's `speech.stress.StressMeter`, and notes who speaks and who
   waits; each cue that changes is an `escalation.cues.Reading` for the ladder.
5. The worker's `Hypothesis` comes back through `CallSession.receive_hypothesis`: in `hearing.Hearing`
   `language.redaction.Redactor` takes secrets out and `language.phrases.PhraseIndex` looks for what the rules wait for,
   `language.sentiment` judges the words, and `escalation.ladder.Ladder` raises and clears alerts. Where an urgent
   phrase has begun, `lookout.Lookout` has the worker look ahead: what would the words be if the utterance ended here?

And of one event:

6. `app.Device._receive_outputs` first brings the light up to date (`device_state.DeviceState`, which knows all calls,
   `indicator.patterns.pattern`, `adapters.lights`), then hands the event to `adapters.outbox.Outbox.append`, which
   returns at once.
7. The outbox's thread gives it a number and commits it (SQLite); `adapters.uplink.Uplink` reads on from what the server
   has, sends within the window of `delivery.window`, and lets go of what is acknowledged.
8. At the server `central.ingest` takes it, `central.writer` commits it once, `central.bus` shows it to open pages.

Partial hypotheses, the light and the box's health (`adapters.watchman.Watchman`, `central.watching.boxes.Boxes`) are
not events: newest wins, and the outbox holds none of them.
"""
