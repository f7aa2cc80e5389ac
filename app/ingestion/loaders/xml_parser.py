"""The parser for XML that anyone may have sent."""

from lxml import etree


def xml_parser(*, recover: bool = False, huge: bool = False) -> etree.XMLParser:
    """A parser that reads no other file, expands no entity and reaches no network.

    An entity that a file defines can name another file, or grow without bound.

    Args:
        recover: read on after an error, as far as it goes.
        huge: take trees nested hundreds deep and long texts, which the child process's limits bound.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=recover,
        huge_tree=huge,
        remove_comments=True,
        remove_pis=True,
    )
