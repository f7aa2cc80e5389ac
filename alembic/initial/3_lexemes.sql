-- How text becomes lexemes, for chunks and for questions alike.
-- Folds what differs only in form, makes punctuation blank, drops marks that are no letters, adds the parts of
-- CamelCase to the whole, and cuts runs of scripts that are written without spaces into overlapping pairs of
-- characters. The builtin collation makes the outcome the same in every database, whatever its locale. A word of
-- 200 characters is data, not language.
CREATE FUNCTION searchable(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    unspaced constant text := '\u0E00-\u0EFF\u1000-\u11FF\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007\u3040-\u30FF'
        '\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\U00020000-\U0003FFFF';
    pair constant text := '([' || unspaced || ']{2})';
    plain text := body;
BEGIN
    IF octet_length(body) > length(body) THEN
        plain := regexp_replace(normalize(body, NFKC) COLLATE "pg_c_utf8",
            '[^[:alnum:][:punct:][:space:]\u0001-\u007F]+', '', 'g');
    END IF;
    IF plain ~ '[a-z][A-Z]' THEN
        plain := plain || ' ' || (SELECT string_agg(regexp_replace(word[1], '([a-z])([A-Z])', '\1 \2', 'g'), ' ')
            FROM regexp_matches(plain, '[[:alnum:]]*[a-z][A-Z][[:alnum:]]*', 'g') word);
    END IF;
    plain := regexp_replace(lower(plain COLLATE "pg_c_utf8"), '[^[:alnum:].]+|\.(?![0-9])', ' ', 'g');
    IF octet_length(plain) > length(plain) AND plain ~ ('[' || unspaced || ']') THEN
        -- Pairs that start at a run's even characters, then those at odd ones. U+0001 marks where a pair ended
        -- or a run lost its first character, so that a character left over there is dropped.
        plain := regexp_replace(
            regexp_replace(plain, pair, E' \\1\u0001', 'g') || ' ' || regexp_replace(
                regexp_replace(' ' || plain, '[^' || unspaced || ']+[' || unspaced || ']?', E'\u0001', 'g'),
                pair, E' \\1\u0001', 'g'),
            '\u0001[' || unspaced || ']?', ' ', 'g');
    END IF;
    RETURN regexp_replace(plain, '\S{200,}', ' ', 'g');
END $$;

-- Each lexeme carries its scope, the collection's id, so one GIN index holds every collection apart.
CREATE FUNCTION lexemes(language regconfig, scope integer, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(' ' || to_tsvector(language, searchable(body))::text, ' ''', ' ''' || scope || '/')::tsvector;
