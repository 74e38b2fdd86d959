"""Progress on stderr: a bar on a terminal, else a line now and then."""

import sys

from tqdm import tqdm


class TrainingProgress:
    """A bar over the epochs of each stage of a training on a terminal, else a line now and then.

    Examples
    --------
    >>> with TrainingProgress() as progress:
    ...     progress.stage
    0
    """

    def __enter__(self):
        self.bar, self.stage = None, 0
        return self

    def __call__(self, record):
        if record.stage != self.stage:
            self.close()
            self.stage = record.stage
            self.bar = bar(record.epochs, _name(record), "epoch", record.epoch - 1)
        if self.bar is not None:
            scores = {"loss": f"{record.judged_loss:.2e}", "accuracy": f"{record.judged_accuracy:.3f}"}
            self.bar.set_postfix(scores, refresh=False)  # `update` shows it, with its own count
            self.bar.update()
        elif record.epoch in (1, record.epochs) or record.epoch % 5 == 0:
            scores = f"loss {record.judged_loss:.2e}, accuracy {record.judged_accuracy:.3f}"
            say(f"{_name(record)}: epoch {record.epoch} of {record.epochs}, {scores}")

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leave the bar of the stage as it is."""
        if self.bar is not None:
            self.bar.close()


class StageProgress:
    """A bar over the stages of an analysis on a terminal, else a line for each.

    Examples
    --------
    >>> with StageProgress() as progress:
    ...     progress.total
    1
    """

    total = 1

    def __enter__(self):
        self.bar = None
        return self

    def __call__(self, stage, done, total):
        if done == 0:
            self.total = total + 1
            self.bar = bar(self.total, "analysis", "stage")
        if self.bar is None:
            if stage != "done":
                say(f"analysis: {stage}")
        else:
            self.bar.set_postfix_str(stage)
            self.bar.update(min(done, self.total) - self.bar.n)

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.update(self.total - self.bar.n)
            self.bar.close()


def bar(total, name, unit, initial=0):
    """A bar on stderr, or None where nobody would see it move."""
    if not sys.stderr.isatty():
        return None
    return tqdm(total=total, desc=name, unit=unit, initial=initial, file=sys.stderr, dynamic_ncols=True)


def say(text):
    """One line on stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _name(record):
    return "training" if record.stages == 1 else f"training, stage {record.stage} of {record.stages}"
