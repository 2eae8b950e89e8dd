"""Reads an HTML report strictly: elements are closed in order, ids are unique, and nothing refers outside of the page."""
import html.parser
import json
import re

VOID = {"meta", "br", "input", "hr", "img", "link"}
# Attributes that make a browser fetch, go somewhere or run something.
FETCHES = {"src", "srcset", "data", "action", "formaction", "poster", "background", "ping", "manifest"}


class Page(html.parser.HTMLParser):
    """What a file holds. @raises ValueError for what is no tidy page"""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        with open(path, encoding="utf-8") as f:  # strict: ill-formed UTF-8 raises
            self.text = f.read()
        self.open, self.ids, self.hrefs, self.words, self.tags = [], set(), [], [], []
        self.raw = {"script": [], "style": []}
        self.attributes = []
        self.feed(self.text)
        self.close()
        if self.open:
            raise ValueError("not closed: %s" % self.open)
        if not self.text.startswith("<!DOCTYPE html>"):
            raise ValueError("no document type")
        missing = [h for h in self.hrefs if h[1:] not in self.ids]
        if missing:
            raise ValueError("links to nowhere in the page: %s" % missing)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            raise ValueError("an attribute twice in <%s>" % tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value))
            if name == "id":
                if value in self.ids:
                    raise ValueError("id %r twice" % value)
                self.ids.add(value)
            if name == "href":
                if not re.fullmatch("#[a-z-]+", value):
                    raise ValueError("a link out of the page: %r" % value)
                self.hrefs.append(value)
            if name in FETCHES or name.startswith("on") or name == "style":
                raise ValueError("<%s %s=%r>" % (tag, name, value))
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            raise ValueError("</%s> in %s, line %d" % (tag, self.open, self.getpos()[0]))
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]][-1] += data
        else:
            self.words.append(data)

    def handle_comment(self, data):
        raise ValueError("a comment: %r" % data[:60])

    def handle_pi(self, data):
        raise ValueError("a processing instruction: %r" % data[:60])

    def unknown_decl(self, data):
        raise ValueError("a declaration: %r" % data[:60])

    @property
    def shown(self):
        """The text that is shown without scripts."""
        return " ".join(" ".join(self.words).split())

    @property
    def data(self):
        return json.loads(self.raw["script"][0])
