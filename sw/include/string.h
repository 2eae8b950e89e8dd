/* SPDX-License-Identifier: MIT */
#ifndef STRING_H
#define STRING_H

#include <compiler.h>
#include <types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
/* First byte that is not @c, or NULL. */
void *memchr_inv(const void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strchrnul(const char *s, int c);
char *strstr(const char *s, const char *sub);
/* Copies with termination; -E2BIG when cut, else the length. */
ssize_t strscpy(char *dst, const char *src, size_t size);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strsep(char **s, const char *delim);
char *strim(char *s);
bool str_has_prefix(const char *s, const char *prefix);
/* Compares '-' and '_' as equal: module names. */
bool modname_eq(const char *a, const char *b);

char *kstrdup(const char *s, gfp_t flags);
char *kstrndup(const char *s, size_t n, gfp_t flags);
char *kasprintf(gfp_t flags, const char *fmt, ...) __printf(2, 3);
char *kvasprintf(gfp_t flags, const char *fmt, __builtin_va_list ap);

#define isspace(c)	({ int _c = (c); _c == ' ' || (_c >= 9 && _c <= 13); })
#define isdigit(c)	({ int _c = (c); _c >= '0' && _c <= '9'; })
#define isprint(c)	({ int _c = (c); _c >= 0x20 && _c < 0x7f; })

static inline int tolower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

#endif
