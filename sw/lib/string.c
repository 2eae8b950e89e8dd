// SPDX-License-Identifier: MIT
/* Strings and memory, what is not in arch/arm64/string.S. */
#include <export.h>
#include <kernel.h>
#include <slab.h>

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}
EXPORT_SYMBOL(memchr);

void *memchr_inv(const void *s, int c, size_t n)
{
	const u8 *p = s;
	u64 w = 0x0101010101010101ULL * (u8)c;

	for (; n && ((unsigned long)p & 7); n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	for (; n >= 32; n -= 32, p += 32) {
		const u64 *q = (const u64 *)p;

		if (((q[0] ^ w) | (q[1] ^ w)) | ((q[2] ^ w) | (q[3] ^ w)))
			break;
	}
	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}
EXPORT_SYMBOL(memchr_inv);

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}
EXPORT_SYMBOL(strlen);

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i])
		i++;
	return i;
}
EXPORT_SYMBOL(strnlen);

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}
EXPORT_SYMBOL(strcmp);

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}
EXPORT_SYMBOL(strncmp);

char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}
EXPORT_SYMBOL(strchrnul);

char *strchr(const char *s, int c)
{
	s = strchrnul(s, c);
	return *s == (char)c ? (char *)s : NULL;
}
EXPORT_SYMBOL(strchr);

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}
EXPORT_SYMBOL(strrchr);

char *strstr(const char *s, const char *sub)
{
	size_t n = strlen(sub);

	for (;; s++) {
		if (!strncmp(s, sub, n))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}
EXPORT_SYMBOL(strstr);

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t i;

	if (!size)
		return -E2BIG;
	for (i = 0; i < size; i++) {
		dst[i] = src[i];
		if (!src[i])
			return (ssize_t)i;
	}
	dst[size - 1] = 0;
	return -E2BIG;
}
EXPORT_SYMBOL(strscpy);

size_t strspn(const char *s, const char *accept)
{
	size_t i = 0;

	while (s[i] && strchr(accept, s[i]))
		i++;
	return i;
}
EXPORT_SYMBOL(strspn);

size_t strcspn(const char *s, const char *reject)
{
	size_t i = 0;

	while (s[i] && !strchr(reject, s[i]))
		i++;
	return i;
}
EXPORT_SYMBOL(strcspn);

char *strsep(char **s, const char *delim)
{
	char *start = *s;

	if (!start)
		return NULL;
	*s = start + strcspn(start, delim);
	if (**s)
		*(*s)++ = 0;
	else
		*s = NULL;
	return start;
}
EXPORT_SYMBOL(strsep);

char *strim(char *s)
{
	size_t n;

	while (isspace(*s))
		s++;
	n = strlen(s);
	while (n && isspace(s[n - 1]))
		s[--n] = 0;
	return s;
}
EXPORT_SYMBOL(strim);

bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}
EXPORT_SYMBOL(str_has_prefix);

bool modname_eq(const char *a, const char *b)
{
	for (;; a++, b++) {
		char x = *a == '-' ? '_' : *a;
		char y = *b == '-' ? '_' : *b;

		if (x != y)
			return false;
		if (!x)
			return true;
	}
}

char *kstrndup(const char *s, size_t n, gfp_t flags)
{
	size_t len = strnlen(s, n);
	char *p = kmalloc(len + 1, flags);

	if (!p)
		return NULL;
	memcpy(p, s, len);
	p[len] = 0;
	return p;
}
EXPORT_SYMBOL(kstrndup);

char *kstrdup(const char *s, gfp_t flags)
{
	return kstrndup(s, SIZE_MAX, flags);
}
EXPORT_SYMBOL(kstrdup);

char *kvasprintf(gfp_t flags, const char *fmt, va_list ap)
{
	va_list aq;
	size_t n;
	char *p;

	va_copy(aq, ap);
	n = (size_t)vsnprintf(NULL, 0, fmt, aq) + 1;
	va_end(aq);
	p = kmalloc(n, flags);
	if (p)
		vsnprintf(p, n, fmt, ap);
	return p;
}
EXPORT_SYMBOL(kvasprintf);

char *kasprintf(gfp_t flags, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = kvasprintf(flags, fmt, ap);
	va_end(ap);
	return p;
}
EXPORT_SYMBOL(kasprintf);

EXPORT_SYMBOL(memcpy);
EXPORT_SYMBOL(memmove);
EXPORT_SYMBOL(memset);
EXPORT_SYMBOL(memcmp);
