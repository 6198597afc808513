"""Runs the story's steps in order, for a person or as one JSON object."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError
from tearline_client.demo.agency import PASSPHRASE
from tearline_client.demo.consoles import DemoConsole, open_consoles
from tearline_client.demo.step import Step, StepResult, Story
from tearline_client.demo.story import STEPS
from tearline_client.demo.world import World

Say = Callable[[str], None]


@immutable
class StoryResult:
    """A step and its outcome."""

    step: Step
    told: StepResult


@immutable
class StoryRun:
    """The story, told to its end.

    Attributes:
        results: Every step with its outcome. A step that depends on a failed one is not proved,
            and says why.
        seconds: Duration of the story.
        consoles: The consoles that run now, if they were asked for and every step was proved.
    """

    results: tuple[StoryResult, ...]
    seconds: float
    consoles: tuple[DemoConsole, ...]

    @property
    def is_proved(self) -> bool:
        """Returns whether every step was proved."""
        return all(result.told.proved for result in self.results)


@contextmanager
def told_story(
    say: Say, *, keep: Path | None = None, has_consoles: bool = False
) -> Iterator[StoryRun]:
    """Runs the story, and ends every process of it afterwards.

    Args:
        say: Called with each line of output.
        keep: Folder to leave the running federation in; by default a temporary one, removed.
        has_consoles: Whether the agencies run on with consoles after the story.

    Yields:
        The story's outcome.
    """
    began = time.monotonic()
    with _folder(keep) as folder, ExitStack() as ending:
        world = World.create(folder)
        ending.callback(world.stop)
        results = tuple(_steps(say, Story(world)))
        run = StoryRun(results=results, seconds=time.monotonic() - began, consoles=())
        if has_consoles and run.is_proved:
            run = replace(run, consoles=open_consoles(world))
        elif keep is not None:
            world.leave(PASSPHRASE)
        if keep is not None:
            ending.pop_all()
        yield run


def _steps(say: Say, story: Story) -> Iterator[StoryResult]:
    for number, step in enumerate(STEPS, start=1):
        say(f"\n{number}. {step.title}")
        told = _tell_one(step, story)
        for line in told.lines:
            say(f"   {line}")
        say(f"   {'PROVED' if told.proved else 'NOT PROVED'}: {step.claim}")
        yield StoryResult(step=step, told=told)


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
