"""The pipeline's command line: one stage a process, events on stdout, a defined exit code."""

from __future__ import annotations

import argparse
import errno
import importlib
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tinybert import artifacts, engine_choice, events, stop
from tinybert.errors import INFRASTRUCTURE, BadInputError, InfrastructureError, StageError
from tinybert.result import RESULT, Clock, EngineFacts, StageContext, write_result
from tinybert.spec import STAGES, StageSpec, load_spec

EXAMPLES = """\
examples:
  python -m tinybert prepare --spec runs/latest/specs/prepare.json --out /tmp/prepare
  python -m tinybert teacher --spec teacher.json --out /tmp/teacher   (run again after a kill: it resumes)

exit codes: 0 done, 2 bad input, 4 infrastructure, 130 and 143 interrupted (resumable)"""

# Stages that import no engine: their keys leave the engine out, so that both engines share them.
ENGINE_FREE = ("prepare",)


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except BadInputError as error:
        events.error(error.exit_code, str(error))
        return error.exit_code
    events.claim_stdout()
    stop.listen()
    begun_s = time.monotonic()
    try:
        spec = load_spec(options.spec, options.stage)
        events.start(spec.stage)
        _run(spec, options.out.resolve())
    except StageError as error:
        events.error(error.exit_code, str(error))
        return error.exit_code
    except (OSError, MemoryError) as error:
        events.error(INFRASTRUCTURE, _describe(error, options.out))
        return INFRASTRUCTURE
    except Exception as error:
        traceback.print_exc()
        events.error(
            INFRASTRUCTURE, f"a fault in the stage {options.stage}: {type(error).__name__}: {_first_line(error)}"
        )
        return INFRASTRUCTURE
    events.end(time.monotonic() - begun_s)
    return 0


def _run(spec: StageSpec, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if (out / RESULT).exists():
        events.note(f"{out / RESULT} exists: nothing to do")
        return
    artifacts.sweep(out)
    context = StageContext(spec, out, Clock(out))
    facts = EngineFacts("none", "none")
    if spec.stage not in ENGINE_FREE:
        engine_choice.use(spec.engine)
        try:
            from tinybert import engine as E
        except ImportError as error:
            raise InfrastructureError(
                f"the engine {spec.engine} cannot be imported ({error}): "
                f"use the environment of containers/requirements/{spec.engine}.txt"
            ) from error
        E.setup(spec.device, spec.threads)
        facts = EngineFacts(E.version(), E.device_name(spec.device))
    stage = importlib.import_module(f"tinybert.stages.{spec.stage}")
    write_result(context, stage.run(context), facts)


def _describe(error: OSError | MemoryError, out: Path) -> str:
    if isinstance(error, MemoryError):
        return "out of memory: close other programs, or choose a smaller batch_size in the suite"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left on the disk of {out}: free some and run again (what is finished is kept)"
    return f"{error.strerror or error}: {error.filename or out}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInputError(f"{message}; see python -m tinybert --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tinybert",
        description="Run one stage of the TinyBERT pipeline.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=STAGES, metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--spec", type=Path, required=True, help="the stage's specification (docs/contract.md)")
    parser.add_argument("--out", type=Path, required=True, help="directory for artifacts and result.json")
    return parser
