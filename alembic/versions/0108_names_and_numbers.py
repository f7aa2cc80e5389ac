"""Names of documents and pages of chunks among their lexemes, and one spelling of numbers and of umlauts."""

from app.db.migrate import run_sql

revision = "0108"
down_revision = "0107"

_LEXEMES = r"""
-- Numbers are found in every spelling: 3,480, 3'480 and 3 480 become 3480. What can be read in two ways, as 3.480
-- and 12,5, is kept, and its other reading stands at the end of the text.
CREATE FUNCTION spelled_numbers(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    -- Not a part of an address, a date or a list: no dot or comma with a digit is on either side.
    ambiguous constant text := '(?<![[:alnum:]]|[.,][0-9]*)'
        '([1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+,[0-9]+)(?![[:alnum:]]|[.,][0-9])';
    -- Between three digits and at most three, of which the first is no zero.
    grouping constant text := '(?<=(?:^|[^[:alnum:].])[1-9][0-9]{0,2}|[0-9]{3})(?<![0-9]{4})'
        '[,''\u2019\u00A0\u2009\u202F](?=[0-9]{3}(?![0-9]))';
BEGIN
    IF body !~ '[0-9][.,''\u2019\u00A0\u2009\u202F][0-9]' THEN
        RETURN body;
    END IF;
    RETURN regexp_replace(body, grouping, '', 'g') || coalesce(
        (SELECT ' ' || string_agg(replace(replace(number[1], '.', ''), ',', '.'), ' ')
            FROM regexp_matches(body, ambiguous, 'g') number), '');
END $$;

-- Umlauts in lower case as they are written without them. The German stemmer knows both; those of other languages
-- with these letters need them.
CREATE FUNCTION without_umlauts(language regconfig, body text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN language IN ('pg_catalog.english'::regconfig, 'pg_catalog.simple'::regconfig)
    THEN replace(replace(replace(replace(body, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss') ELSE body END;

CREATE OR REPLACE FUNCTION lexemes(language regconfig, scope integer, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(
    ' ' || to_tsvector(language, without_umlauts(language, searchable(spelled_numbers(body))))::text,
    ' ''', ' ''' || scope || '/')::tsvector;

-- Names and pages as lexemes that no text has, since no lexeme of a text has a colon.
CREATE FUNCTION name_lexemes(language regconfig, scope integer, names text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(
    strip(lexemes(language, scope, names))::text, '''' || scope || '/', '''' || scope || '/name:'
)::tsvector;

CREATE FUNCTION page_lexemes(scope integer, pages integer[]) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_tsvector((SELECT coalesce(array_agg(scope || '/page:' || page), '{}') FROM unnest(pages) page));

-- What finds a chunk: the names of its document, its headings, its text, and the pages that it begins and ends on.
CREATE FUNCTION chunk_lexemes(
    language regconfig, scope integer, names text, section text, body text, page integer, last_page integer
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lexemes(language, scope, section || ' ' || body) || name_lexemes(language, scope, names)
    || page_lexemes(scope, array_remove(ARRAY[page, last_page], NULL));
"""


def upgrade() -> None:
    run_sql("""
    DROP INDEX chunks_tsv;
    ALTER TABLE chunks DROP COLUMN tsv;
    -- What people call the document: its name, title, author and date.
    ALTER TABLE chunks ADD COLUMN names text NOT NULL DEFAULT '';
    UPDATE chunks c SET names = v.filename FROM document_versions v
        WHERE v.document_id = c.document_id AND v.version = c.version;
    """)
    run_sql(_LEXEMES)
    run_sql("""
    -- Ranking reads the vector once for every lexeme of a question: unpacking it each time would cost most of all.
    ALTER TABLE chunks ADD COLUMN tsv tsvector STORAGE EXTERNAL
        GENERATED ALWAYS AS (
            chunk_lexemes(language, collection_id, names, coalesce(section, ''), text, page, last_page)
        ) STORED;
    CREATE INDEX chunks_tsv ON chunks USING gin (tsv) WHERE active;
    -- Counted in other lexemes; a search takes a new one.
    DELETE FROM lexeme_snapshots;
    """)
