"""Files that participants upload to their submissions."""

from __future__ import annotations

from flowserv.model.base import UploadFile
from flowserv.view.files import UploadFileSerializer
from sqlalchemy import func, select

from ...errors import InvalidInput, TooLarge
from ...models import JSON
from ..identity import Identity
from ..limits import UploadLimits, readable
from .controller import PlanController
from .database import Database
from .incoming import Incoming, IncomingFile
from .part import Download, Part, Unit
from .storage import ConfinedStorage
from .targets import is_plain

#: Longest name of a file, in bytes: what a file system takes, since names become those of files.
MAX_NAME = 255

# The database's column; a longer one is not kept, since PostgreSQL refuses it.
_MAX_MIME_TYPE = 64

_files = UploadFileSerializer()


class Uploads(Part):
    """Everybody sees and changes only those of their own submissions."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, incoming: Incoming
    ) -> None:
        super().__init__(database, storage, controller)
        self._incoming = incoming

    def listing(self, identity: Identity, submission: str) -> JSON:
        with self._reading(identity) as unit:
            unit.submission(submission)
            return dict(unit.upload_service().list_uploaded_files(submission))

    def begin(self, identity: Identity, submission: str, limits: UploadLimits) -> IncomingFile:
        """A file to write the upload into, for :meth:`add`; the caller discards it in the end."""
        with self._reading(identity) as unit:
            unit.submission(submission)
            room = limits.submission - _used(unit, submission)
        if room < limits.file:
            return self._incoming.begin(max(room, 0), _submission_refusal(limits))
        return self._incoming.begin(
            limits.file,
            f"The file is larger than {readable(limits.file)}, the largest upload that this service takes. Its "
            "administrator can change that by RobService.max_upload.",
        )

    def add(self, identity: Identity, submission: str, name: str, content: IncomingFile, limits: UploadLimits) -> JSON:
        """Make a complete file an upload of the submission.

        Raises:
            InvalidInput: The name can't be one.
            TooLarge: The submission has no room for it, any more.
        """
        _require_good(name)
        upload: UploadFile | None = None
        try:
            with self._writing(identity) as unit:
                unit.submission(submission)
                if _used(unit, submission) + content.size() > limits.submission:
                    raise TooLarge(_submission_refusal(limits))
                upload = unit.groups.upload_file(submission, content, name)
                if upload.mime_type and len(upload.mime_type) > _MAX_MIME_TYPE:
                    upload.mime_type = None
                key = upload.key
                return dict(_files.file_handle(submission, upload))
        except BaseException:
            # flowserv has stored the file before it is written down.
            if upload is not None:
                self._storage.delete(key)
            raise

    def get(self, identity: Identity, submission: str, file: str) -> Download:
        with self._reading(identity) as unit:
            unit.submission(submission)
            handle = unit.groups.get_uploaded_file(group_id=submission, file_id=file)
            return Download.of(handle)

    def delete(self, identity: Identity, submission: str, file: str) -> None:
        with self._writing(identity) as unit:
            unit.submission(submission)
            unit.upload_service().delete_file(submission, file)


def _used(unit: Unit, submission: str) -> int:
    """What the submission's uploads take, in bytes."""
    total = unit.session.scalar(select(func.sum(UploadFile.size)).where(UploadFile.group_id == submission))
    return int(total or 0)


def _submission_refusal(limits: UploadLimits) -> str:
    return (
        f"The submission's uploads would be larger than {readable(limits.submission)} together. Delete some that are "
        "not needed any more; the service's administrator can change the limit by RobService.max_submission."
    )


def _require_good(name: str) -> None:
    """A name that is safe as a file's, in a header and on a screen."""
    if not 1 <= len(name.encode()) <= MAX_NAME:
        raise InvalidInput(f"A file's name needs 1 to {MAX_NAME} bytes.")
    if name in (".", "..") or "/" in name or "\\" in name or not is_plain(name):
        raise InvalidInput(
            "A file's name must not have slashes, backslashes, control characters or marks that turn the direction of "
            "text."
        )
