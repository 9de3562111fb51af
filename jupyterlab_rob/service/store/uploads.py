"""Files that participants upload to their submissions."""

from __future__ import annotations

from typing import IO

from ...models import JSON
from ..identity import Identity
from .part import Download, Part
from .storage import UploadedContent


class Uploads(Part):
    """Everybody sees and changes only those of their own submissions."""

    def listing(self, identity: Identity, submission: str) -> JSON:
        with self._reading(identity) as unit:
            unit.submission(submission)
            return dict(unit.upload_service().list_uploaded_files(submission))

    def add(self, identity: Identity, submission: str, name: str, content: IO[bytes], size: int) -> JSON:
        with self._writing(identity) as unit:
            unit.submission(submission)
            return dict(unit.upload_service().upload_file(submission, UploadedContent(content, size), name))

    def get(self, identity: Identity, submission: str, file: str) -> Download:
        with self._reading(identity) as unit:
            unit.submission(submission)
            handle = unit.groups.get_uploaded_file(group_id=submission, file_id=file)
            return Download.of(handle)

    def delete(self, identity: Identity, submission: str, file: str) -> None:
        with self._writing(identity) as unit:
            unit.submission(submission)
            unit.upload_service().delete_file(submission, file)
