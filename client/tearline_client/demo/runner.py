"""Runs the story's steps in order, for a person or as one JSON object."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tearline.errors import TearlineError
from tearline_client.demo.agency import PASSPHRASE
from tearline_client.demo.step import Step, StepResult, Story
from tearline_client.demo.story import STEPS
from tearline_client.demo.world import World

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryResult:
    """A step and its outcome."""

    step: Step
    told: StepResult


def tell(say: Say, *, keep: Path | None = None) -> tuple[list[StoryResult], float]:
    """Runs the story.

    Args:
        say: Called with each line of output.
        keep: Folder to leave the running federation in; by default a temporary one, removed.

    Returns:
        Every step with its outcome, and the total seconds. A step that depends on a failed one is
        not proved, and says why.
    """
    began = time.monotonic()
    results: list[StoryResult] = []
    with _folder(keep) as folder:
        world = World.create(folder)
        with ExitStack() as ending:
            ending.callback(world.stop)
            story = Story(world)
            for number, step in enumerate(STEPS, start=1):
                say(f"\n{number}. {step.title}")
                told = _tell_one(step, story)
                for line in told.lines:
                    say(f"   {line}")
                say(f"   {'PROVED' if told.proved else 'NOT PROVED'}: {step.claim}")
                results.append(StoryResult(step=step, told=told))
            if keep is not None:
                world.leave(PASSPHRASE)
                ending.pop_all()
    return results, time.monotonic() - began


def _tell_one(step: Step, story: Story) -> StepResult:
    try:
        return step.tell(story)
    except TearlineError as error:
        return StepResult(proved=False, lines=[str(error)], evidence={"code": error.code})
    except (KeyError, IndexError) as error:
        return StepResult(proved=False, lines=[f"an earlier step failed: {error!r}"])


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="tearline-demo-") as name:
        yield Path(name)
