"""Multipart forms whose parts may name their file by `filename*`.

RFC 7578 asks clients not to, but some do, and the parser would take such a file for a field of text.
"""

from contextlib import aclosing

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.api.uploads.filenames import with_plain_filename


class _FormParser(MultiPartParser):
    def on_headers_finished(self) -> None:
        part = self._current_part
        part.content_disposition = with_plain_filename(part.content_disposition or b"")
        super().on_headers_finished()


class FormRequest(Request):
    """A request whose body is a multipart form."""

    async def _get_form(
        self, *, max_files: float = 1000, max_fields: float = 1000, max_part_size: int = 1024 * 1024
    ) -> FormData:
        if self._form is None:
            async with aclosing(self.stream()) as stream:
                parser = _FormParser(
                    self.headers, stream, max_files=max_files, max_fields=max_fields, max_part_size=max_part_size
                )
                try:
                    self._form = await parser.parse()
                except MultiPartException as error:
                    raise HTTPException(400, error.message) from error
        return self._form
