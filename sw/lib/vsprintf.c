// SPDX-License-Identifier: MIT
/* Formatting for printk() and the like. */
#include <export.h>
#include <ioport.h>
#include <kallsyms.h>
#include <kernel.h>
#include <of.h>

struct out {
	char *buf;
	size_t size, pos;
};

struct spec {
	bool left, zero, plus, space, alt, upper;
	int width, prec;
};

static void put(struct out *o, char c)
{
	if (o->pos < o->size)
		o->buf[o->pos] = c;
	o->pos++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_str(struct out *o, const char *s, const struct spec *sp)
{
	int n;

	if (!s)
		s = "(null)";
	else if ((unsigned long)s < 4096 || IS_ERR(s))
		s = "(bad)";
	n = (int)strnlen(s, sp->prec >= 0 ? (size_t)sp->prec : SIZE_MAX);
	if (!sp->left)
		pad(o, ' ', sp->width - n);
	for (int i = 0; i < n; i++)
		put(o, s[i]);
	if (sp->left)
		pad(o, ' ', sp->width - n);
}

/* Nothing that a terminal obeys, or that looks like the end of a line. */
static void put_escaped(struct out *o, const char *s, const struct spec *sp)
{
	static const char digits[] = "0123456789abcdef";
	int n = 0;

	if (!s)
		s = "(null)";
	for (const char *p = s; *p; p++)
		n += *p == '\\' ? 2 : *p >= ' ' && *p <= '~' ? 1 : 4;
	if (!sp->left)
		pad(o, ' ', sp->width - n);
	for (; *s; s++) {
		if (*s == '\\') {
			put(o, '\\');
		} else if (*s < ' ' || *s > '~') {
			put(o, '\\');
			put(o, 'x');
			put(o, digits[(u8)*s >> 4]);
			put(o, digits[*s & 15]);
			continue;
		}
		put(o, *s);
	}
	if (sp->left)
		pad(o, ' ', sp->width - n);
}

static void put_num(struct out *o, u64 v, bool neg, unsigned int base,
		    const struct spec *sp)
{
	const char *digits = sp->upper ? "0123456789ABCDEF" :
					 "0123456789abcdef";
	char tmp[24], pre[3];
	int n = 0, np = 0, zeros;

	if (neg)
		pre[np++] = '-';
	else if (sp->plus)
		pre[np++] = '+';
	else if (sp->space)
		pre[np++] = ' ';
	if (sp->alt && base == 16 && v) {
		pre[np++] = '0';
		pre[np++] = sp->upper ? 'X' : 'x';
	}
	do {
		tmp[n++] = digits[v % base];
		v /= base;
	} while (v);
	if (sp->alt && base == 8)
		tmp[n++] = '0';
	zeros = sp->prec - n;
	if (sp->prec < 0 && sp->zero && !sp->left)
		zeros = sp->width - n - np;
	zeros = max(zeros, 0);
	if (!sp->left)
		pad(o, ' ', sp->width - n - np - zeros);
	for (int i = 0; i < np; i++)
		put(o, pre[i]);
	pad(o, '0', zeros);
	for (int i = n; i; i--)
		put(o, tmp[i - 1]);
	if (sp->left)
		pad(o, ' ', sp->width - n - np - zeros);
}

static void put_fmt(struct out *o, const char *fmt, ...)
{
	size_t room = o->pos < o->size ? o->size - o->pos : 0;
	va_list ap;

	va_start(ap, fmt);
	o->pos += (size_t)vsnprintf(room ? o->buf + o->pos : NULL, room, fmt,
				    ap);
	va_end(ap);
}

static void put_symbol(struct out *o, unsigned long addr, bool offset)
{
	struct symbol_info s;

	if (!kallsyms_lookup(addr, &s)) {
		put_fmt(o, "%#lx", addr);
		return;
	}
	/* A module's file names its functions. */
	put_fmt(o, "%pE", s.name);
	if (offset)
		put_fmt(o, "+%#lx/%#lx", s.offset, s.size);
	if (s.module)
		put_fmt(o, " [%s]", s.module);
}

/* Returns how many letters of the extension it used. */
static int put_pointer(struct out *o, const char *ext, const void *p,
		       struct spec *sp)
{
	switch (ext[0]) {
	case 'S':
		put_symbol(o, (unsigned long)p, true);
		return 1;
	case 's':
		put_symbol(o, (unsigned long)p, false);
		return 1;
	case 'a':
		put_fmt(o, "0x%016llx", *(const u64 *)p);
		return ext[1] == 'd' || ext[1] == 'p' ? 2 : 1;
	case 'R': {
		const struct resource *r = p;

		if (r->flags & IORESOURCE_IRQ)
			put_fmt(o, "[irq %llu]", r->start);
		else
			put_fmt(o, "[mem %#010llx-%#010llx]", r->start,
				r->end);
		return 1;
	}
	case 'E':
		put_escaped(o, p, sp);
		return 1;
	case 'e':
		if (IS_ERR(p))
			put_fmt(o, "-%s", errname((int)PTR_ERR(p)));
		else
			put_fmt(o, "%p", p);
		return 1;
	case 'V': {
		const struct va_format *vf = p;
		size_t room = o->pos < o->size ? o->size - o->pos : 0;
		va_list ap;

		va_copy(ap, *vf->va);
		o->pos += (size_t)vsnprintf(room ? o->buf + o->pos : NULL,
					    room, vf->fmt, ap);
		va_end(ap);
		return 1;
	}
	case 'O':
		if (ext[1] == 'F') {
			char path[128];

			of_node_path(p, path, sizeof(path));
			put_escaped(o, path, sp);
			return 2;
		}
		break;
	}
	sp->zero = true;
	sp->width = 16;
	put_num(o, (unsigned long)p, false, 16, sp);
	return 0;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size ? size - 1 : 0, 0 };

	for (; *fmt; fmt++) {
		struct spec sp = { .prec = -1 };
		int lng = 0;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		for (;;) {
			switch (*++fmt) {
			case '-': sp.left = true; continue;
			case '0': sp.zero = true; continue;
			case '+': sp.plus = true; continue;
			case ' ': sp.space = true; continue;
			case '#': sp.alt = true; continue;
			}
			break;
		}
		if (*fmt == '*') {
			sp.width = va_arg(ap, int);
			if (sp.width < 0) {
				sp.left = true;
				sp.width = -sp.width;
			}
			fmt++;
		} else {
			while (isdigit(*fmt))
				sp.width = sp.width * 10 + (*fmt++ - '0');
		}
		if (*fmt == '.') {
			sp.prec = 0;
			if (*++fmt == '*') {
				sp.prec = va_arg(ap, int);
				fmt++;
			} else {
				while (isdigit(*fmt))
					sp.prec = sp.prec * 10 +
						  (*fmt++ - '0');
			}
		}
		for (;; fmt++) {
			if (*fmt == 'l')
				lng++;
			else if (*fmt == 'z' || *fmt == 't' || *fmt == 'j')
				lng = 1;
			else if (*fmt == 'h')
				lng--;
			else
				break;
		}
		switch (*fmt) {
		case 'd':
		case 'i': {
			s64 v = lng > 0 ? va_arg(ap, long) : va_arg(ap, int);

			put_num(&o, v < 0 ? 0 - (u64)v : (u64)v, v < 0, 10,
				&sp);
			break;
		}
		case 'X':
			sp.upper = true;
			fallthrough;
		case 'x':
		case 'u':
		case 'o': {
			u64 v = lng > 0 ? va_arg(ap, unsigned long) :
					  va_arg(ap, unsigned int);

			if (lng == -1)
				v = (u16)v;
			else if (lng < -1)
				v = (u8)v;
			sp.plus = false;
			sp.space = false;
			put_num(&o, v, false, *fmt == 'u' ? 10 :
				*fmt == 'o' ? 8 : 16, &sp);
			break;
		}
		case 'c': {
			char c[2] = { (char)va_arg(ap, int), 0 };

			put_str(&o, c, &sp);
			break;
		}
		case 's':
			put_str(&o, va_arg(ap, const char *), &sp);
			break;
		case 'p':
			fmt += put_pointer(&o, fmt + 1, va_arg(ap, void *),
					   &sp);
			break;
		case '%':
			put(&o, '%');
			break;
		case 0:
			fmt--;
			break;
		default:
			put(&o, '%');
			put(&o, *fmt);
		}
	}
	if (size)
		buf[min(o.pos, size - 1)] = 0;
	return (int)o.pos;
}
EXPORT_SYMBOL(vsnprintf);

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
EXPORT_SYMBOL(snprintf);

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!size)
		return 0;
	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return min(n, (int)size - 1);
}
EXPORT_SYMBOL(scnprintf);
