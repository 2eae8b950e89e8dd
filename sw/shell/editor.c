// SPDX-License-Identifier: MIT
/* Line editing for a serial terminal (ECMA-48 sequences). */
#include <arch.h>
#include <kernel.h>
#include <slab.h>
#include "internal.h"

#define HISTORY		32

#define CTRL(c)		((c) & 0x1f)
#define KEY_DEL		127
#define ESC		27

/* What an escape sequence means. */
enum key {
	KEY_NONE = 256, KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME,
	KEY_END, KEY_DELETE,
};

/* One thread reads lines: no lock. */
static char *history[HISTORY];
static unsigned int history_count;

struct edit {
	const char *prompt;
	char *buf;
	size_t size, len, pos;
	unsigned int hist;	/* entry shown; history_count: the new line */
	char saved[LINE_SIZE];	/* the new line while history is shown */
};

static void out(const char *s)
{
	console_write(s, strlen(s));
}

static void redraw(const struct edit *e)
{
	char move[24];

	out("\r");
	out(e->prompt);
	console_write(e->buf, e->len);
	out("\033[K");
	if (e->pos < e->len) {
		snprintf(move, sizeof(move), "\033[%zuD", e->len - e->pos);
		out(move);
	}
}

static void insert(struct edit *e, char c)
{
	if (e->len + 1 >= e->size) {
		out("\a");
		return;
	}
	memmove(e->buf + e->pos + 1, e->buf + e->pos, e->len - e->pos);
	e->buf[e->pos++] = c;
	e->len++;
	if (e->pos == e->len)
		console_write(&c, 1);
	else
		redraw(e);
}

static void erase(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	memmove(e->buf + from, e->buf + to, e->len - to);
	e->len -= to - from;
	e->pos = from;
	redraw(e);
}

static void erase_word(struct edit *e)
{
	size_t p = e->pos;

	while (p && e->buf[p - 1] == ' ')
		p--;
	while (p && e->buf[p - 1] != ' ')
		p--;
	erase(e, p, e->pos);
}

static void set_line(struct edit *e, const char *s)
{
	strscpy(e->buf, s, e->size);
	e->len = e->pos = strlen(e->buf);
	redraw(e);
}

static unsigned int history_first(void)
{
	return history_count > HISTORY ? history_count - HISTORY : 0;
}

static void history_move(struct edit *e, bool up)
{
	if (up ? e->hist == history_first() : e->hist == history_count)
		return;
	if (e->hist == history_count) {
		e->buf[e->len] = 0;
		strscpy(e->saved, e->buf, sizeof(e->saved));
	}
	e->hist += up ? -1u : 1u;
	set_line(e, e->hist == history_count ? e->saved :
		 history[e->hist % HISTORY]);
}

static void history_add(const char *line)
{
	char *copy;

	if (!*line || (history_count &&
		       !strcmp(history[(history_count - 1) % HISTORY], line)))
		return;
	copy = kstrdup(line, GFP_KERNEL);
	if (!copy)
		return;
	kfree(history[history_count % HISTORY]);
	history[history_count++ % HISTORY] = copy;
}

/* What the matches of a word have in common, and whether there are several. */
struct matches {
	char common[LINE_SIZE];
	size_t len;
	unsigned int different;
	bool more;
	/* While they are listed: the last one that was. */
	size_t word_len;
	char last[LINE_SIZE];
};

static void take_match(void *data, const char *text, size_t len, bool more)
{
	struct matches *m = data;
	size_t i;

	len = min(len, sizeof(m->common) - 1);
	if (!m->different) {
		memcpy(m->common, text, len);
		m->len = len;
		m->different = 1;
		m->more = more;
		return;
	}
	for (i = 0; i < m->len && i < len && m->common[i] == text[i]; i++)
		;
	if (i < m->len || i < len)
		m->different = 2;
	m->len = i;
}

/* Without what all have in front: of a path, its last part. */
static void list_match(void *data, const char *text, size_t len, bool more)
{
	struct matches *m = data;
	size_t from = min(len, m->word_len);

	(void)more;
	while (from && text[from - 1] != '/')
		from--;
	len = min(len, sizeof(m->last) - 1);
	/* A folder comes once for each file in it. */
	if (strlen(m->last) == len && !strncmp(m->last, text, len))
		return;
	memcpy(m->last, text, len);
	m->last[len] = '\0';
	shell_printf("%pE  ", m->last + from);
}

static void complete_word(struct edit *e)
{
	static struct matches m;	/* too large for a stack */
	size_t word, i;

	memset(&m, 0, sizeof(m));
	e->buf[e->len] = '\0';
	word = shell_complete(e->buf, e->pos, take_match, &m);
	if (!m.different)
		return;
	if (m.different > 1 && m.len <= e->pos - word) {
		out("\n");
		m.word_len = e->pos - word;
		shell_complete(e->buf, e->pos, list_match, &m);
		out("\n");
		redraw(e);
		return;
	}
	for (i = e->pos - word; i < m.len; i++)
		insert(e, m.common[i]);
	if (m.different == 1 && !m.more)
		insert(e, ' ');
}

/* One key, or one control sequence (ECMA-48 5.4). A control character inside of
 * a sequence ends it and counts itself, as Ctrl-C always does.
 */
static int read_key(void)
{
	int c = console_getc(), n = 0;

	if (c != ESC)
		return c;
	while (c == ESC)
		c = console_getc();
	if (c != '[' && c != 'O')
		return c < ' ' ? c : KEY_NONE;
	c = console_getc();
	/* Parameters and intermediate bytes. */
	while (c >= ' ' && c < '@') {
		n = isdigit(c) ? (n * 10 + c - '0') % 1000 : 0;
		c = console_getc();
	}
	if (c < ' ')
		return c == ESC ? KEY_NONE : c;
	switch (c) {
	case 'A': return KEY_UP;
	case 'B': return KEY_DOWN;
	case 'C': return KEY_RIGHT;
	case 'D': return KEY_LEFT;
	case 'H': return KEY_HOME;
	case 'F': return KEY_END;
	case '~':
		return n == 3 ? KEY_DELETE : n == 1 || n == 7 ? KEY_HOME :
		       n == 4 || n == 8 ? KEY_END : KEY_NONE;
	}
	return KEY_NONE;
}

static void handle_key(struct edit *e, int k)
{
	switch (k) {
	case CTRL('H'):
	case KEY_DEL:
		if (e->pos)
			erase(e, e->pos - 1, e->pos);
		break;
	case KEY_DELETE:
		if (e->pos < e->len)
			erase(e, e->pos, e->pos + 1);
		break;
	case CTRL('B'):
	case KEY_LEFT:
		if (e->pos) {
			e->pos--;
			out("\033[D");
		}
		break;
	case CTRL('F'):
	case KEY_RIGHT:
		if (e->pos < e->len) {
			e->pos++;
			out("\033[C");
		}
		break;
	case CTRL('A'):
	case KEY_HOME:
		e->pos = 0;
		redraw(e);
		break;
	case CTRL('E'):
	case KEY_END:
		e->pos = e->len;
		redraw(e);
		break;
	case CTRL('P'):
	case KEY_UP:
		history_move(e, true);
		break;
	case CTRL('N'):
	case KEY_DOWN:
		history_move(e, false);
		break;
	case CTRL('U'):
		erase(e, 0, e->pos);
		break;
	case CTRL('K'):
		erase(e, e->pos, e->len);
		e->pos = e->len;
		break;
	case CTRL('W'):
		erase_word(e);
		break;
	case CTRL('L'):
		out("\033[H\033[2J");
		redraw(e);
		break;
	case '\t':
		complete_word(e);
		break;
	default:
		if (k >= ' ' && k < 256)
			insert(e, (char)k);
	}
}

int shell_read_line(const char *prompt, char *buf, size_t size)
{
	static struct edit edit;	/* too large for a stack */
	struct edit *e = &edit;

	*e = (struct edit) {
		.prompt = prompt,
		.buf = buf,
		.size = size,
		.hist = history_count,
	};
	out(prompt);
	for (;;) {
		int k = read_key();

		if (k == '\r' || k == '\n') {
			out("\n");
			buf[e->len] = 0;
			history_add(buf);
			return (int)e->len;
		}
		if (k == CTRL('C')) {
			out("^C\n");
			return -EINTR;
		}
		handle_key(e, k);
	}
}
