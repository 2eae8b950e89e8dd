#include "guest_host.h"
#include <arch.h>
#include <kallsyms.h>
#include <kernel.h>
#include <module.h>
#include <mutex.h>
#include <slab.h>

void *malloc(size_t size);
void free(void *p);

bool host_console_raw;
const u8 *host_input;
size_t host_input_left;

struct block {
	struct block *prev, *next;
	u64 number;
	u64 pad;
};

static struct block blocks = { &blocks, &blocks, 0, 0 };
static u64 allocations;

void *kmalloc(size_t size, gfp_t gfp)
{
	struct block *b = malloc(sizeof(*b) + size);

	b->number = ++allocations;
	b->next = &blocks;
	b->prev = blocks.prev;
	b->prev->next = b;
	blocks.prev = b;
	if (gfp & __GFP_ZERO)
		memset(b + 1, 0, size);
	return b + 1;
}

void kfree(const void *p)
{
	struct block *b;

	if (!p)
		return;
	b = (struct block *)p - 1;
	b->prev->next = b->next;
	b->next->prev = b->prev;
	free(b);
}

u64 host_mark(void)
{
	return allocations;
}

unsigned int host_free_since(u64 mark)
{
	unsigned int n = 0;

	while (blocks.prev != &blocks && blocks.prev->number > mark) {
		kfree(blocks.prev + 1);
		n++;
	}
	return n;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	size_t n = strnlen(s, max);
	char *p = kmalloc(n + 1, gfp);

	memcpy(p, s, n);
	p[n] = 0;
	return p;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return kstrndup(s, SIZE_MAX, gfp);
}

char *kvasprintf(gfp_t gfp, const char *fmt, va_list ap)
{
	va_list aq;
	size_t n;
	char *p;

	va_copy(aq, ap);
	n = (size_t)vsnprintf(NULL, 0, fmt, aq) + 1;
	va_end(aq);
	p = kmalloc(n, gfp);
	vsnprintf(p, n, fmt, ap);
	return p;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

void *memchr_inv(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (n == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = 0;
		return -E2BIG;
	}
	memcpy(dst, src, n + 1);
	return (ssize_t)n;
}

bool kallsyms_lookup(unsigned long addr, struct symbol_info *info)
{
	return false;
}

/* Those that are held; there is one thread. */
static const struct mutex *held[4];

static const struct mutex **find_held(const struct mutex *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i] == m)
			return &held[i];
	return NULL;
}

void mutex_lock(struct mutex *m)
{
	if (find_held(m))
		__builtin_trap();	/* it would wait for itself */
	*find_held(NULL) = m;
}

void mutex_unlock(struct mutex *m)
{
	*find_held(m) = NULL;
}

static bool is_shown(char c)
{
	return c == '\n' || c == '\t' || ((u8)c >= ' ' && c != 127);
}

void console_write(const char *s, size_t n)
{
	for (; n; n--, s++)
		if (!host_console_raw && !is_shown(*s))
			__builtin_trap();
}

/* Messages are made, as the console would show them. */
int printk(const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n, i;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The level is two bytes. */
	for (i = 2; text[0] && text[i]; i++)
		if (!is_shown(text[i]))
			__builtin_trap();
	return n;
}

int console_getc(void)
{
	if (!host_input_left)
		return '\r';
	host_input_left--;
	return *host_input++;
}

void panic(const char *fmt, ...)
{
	__builtin_trap();
}
