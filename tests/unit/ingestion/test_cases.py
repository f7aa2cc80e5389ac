"""Each small file of the cases is read and cut into what a person sees in it."""

import pytest

from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import Splitter, SplitterConfig, splitter_for
from tests.support.files.cases import CASES, Case, all_cases, faults_of


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    return splitter_for(SplitterConfig())


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case["file"])
def test_what_a_person_sees_in_a_file_is_in_its_chunks(case: Case, splitter: Splitter) -> None:
    document = extract((CASES / case["file"]).read_bytes(), case["file"])
    status = "partial" if any(warning.missing for warning in document.warnings) else "ready"
    chunks = splitter.split(document)
    assert chunks
    assert not faults_of(case, chunks, " ".join(map(str, document.warnings)), status)
