// SPDX-License-Identifier: MIT
/* Patterns of module aliases. */
#include <string.h>
#include "modprobe.h"

static char same(char c)
{
	return c == '-' ? '_' : c;
}

/* The end of the class that @p opens, or NULL: then '[' is itself. */
static const char *class_end(const char *p)
{
	p++;
	if (*p == '!' || *p == '^')
		p++;
	/* A first ']' belongs to the class. */
	if (*p == ']')
		p++;
	for (; *p && *p != ']'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p : NULL;
}

static bool in_class(const char *p, const char *end, char c)
{
	bool negated, hit = false;

	p++;
	negated = *p == '!' || *p == '^';
	if (negated)
		p++;
	while (p < end) {
		unsigned char lo, hi;

		if (*p == '\\' && p + 1 < end)
			p++;
		lo = hi = (unsigned char)*p++;
		if (p + 1 < end && *p == '-') {
			p++;
			if (*p == '\\' && p + 1 < end)
				p++;
			hi = (unsigned char)*p++;
		}
		hit |= (unsigned char)c >= lo && (unsigned char)c <= hi;
	}
	return hit != negated;
}

/* Does one element of the pattern take @c? @next moves behind it. */
static bool take(const char *p, const char **next, char c)
{
	const char *end;

	*next = p + 1;
	switch (*p) {
	case 0:
		*next = p;
		return false;
	case '?':
		return true;
	case '[':
		end = class_end(p);
		if (!end)
			break;
		*next = end + 1;
		return in_class(p, end, c);
	case '\\':
		if (p[1]) {
			*next = p + 2;
			return same(p[1]) == same(c);
		}
		break;
	}
	return same(*p) == same(c);
}

bool alias_match(const char *pattern, const char *s)
{
	const char *star = NULL, *back = NULL, *next;

	/* Only the last star is tried again: that is enough, and bounded. */
	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			back = s;
		} else if (take(pattern, &next, *s)) {
			pattern = next;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
