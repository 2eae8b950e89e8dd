// SPDX-License-Identifier: MIT
/*
 * Tables as text, in the words of the host's "smmu-vp decode pte": what an
 * entry is, and each field by the architecture's name.
 */
#include <io-pgtable.h>

#include <errno.h>
#include <kernel.h>
#include <module.h>
#include <slab.h>

#define MAX_DEPTH	6
#define LINE		320

/* Leaves that say the same of memory side by side are one line. */
struct run {
	struct io_pgtable_entry first;
	unsigned int more;
	unsigned long next_iova;
	phys_addr_t next_paddr;
};

static u64 field_value(const struct io_pgtable_entry *e,
		       const struct io_pgtable_field *f)
{
	return e->value >> f->low & ((2ULL << (f->high - f->low)) - 1);
}

static bool same_fields(const struct io_pgtable_entry *a,
			const struct io_pgtable_entry *b)
{
	const struct io_pgtable_field *f;

	if (a->fields != b->fields)
		return false;
	for (f = a->fields; f->name; f++)
		if (field_value(a, f) != field_value(b, f))
			return false;
	return true;
}

static bool continues(const struct run *run, const struct io_pgtable_entry *e)
{
	return run->first.leaf && e->leaf && e->level == run->first.level &&
	       e->size == run->first.size && e->iova == run->next_iova &&
	       e->paddr == run->next_paddr && same_fields(&run->first, e);
}

static int put_size(char *to, size_t size, size_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	unsigned int i = 0;

	bytes >>= 10;
	while (i + 1 < ARRAY_SIZE(units) && bytes >= 1024) {
		bytes >>= 10;
		i++;
	}
	return scnprintf(to, size, "%zu %s", bytes, units[i]);
}

/* One bit plain, several as 0b.... */
static int put_field(char *to, size_t size, const struct io_pgtable_entry *e,
		     const struct io_pgtable_field *f)
{
	u64 value = field_value(e, f);
	int n, bit;

	n = scnprintf(to, size, "%s %s", f->name,
		      f->high == f->low ? "" : "0b");
	for (bit = f->high - f->low; bit >= 0; bit--)
		n += scnprintf(to + n, size - (size_t)n, "%u",
			       (unsigned int)(value >> bit & 1));
	return n;
}

static size_t put_entry(char *to, size_t size, const struct io_pgtable_entry *e)
{
	const struct io_pgtable_field *f;
	size_t n;

	n = (size_t)scnprintf(to, size, "0x%016lx  0x%0*llx  %s%s%s, level %d: ",
			      e->iova, e->digits, e->value, e->format,
			      e->granule ? ", " : "",
			      e->granule ? e->granule : "", e->level);
	if (e->table) {
		n += (size_t)scnprintf(to + n, size - n,
				       "table of level %d at 0x%llx",
				       e->level + 1, e->paddr);
		return n;
	}
	n += (size_t)scnprintf(to + n, size - n, "%s, ", e->what);
	n += (size_t)put_size(to + n, size - n, e->size);
	n += (size_t)scnprintf(to + n, size - n, " at 0x%llx; ", e->paddr);
	for (f = e->fields; f->name; f++) {
		n += (size_t)put_field(to + n, size - n, e, f);
		n += (size_t)scnprintf(to + n, size - n, "%s",
				       f[1].name ? ", " : "");
	}
	return n;
}

static void put_run(struct run *run, char *line,
		    void (*put)(void *to, const char *line), void *to)
{
	size_t n;

	if (!run->first.leaf)
		return;
	n = put_entry(line, LINE, &run->first);
	if (run->more)
		n += (size_t)scnprintf(line + n, LINE - n,
				       "; and %u more up to 0x%lx", run->more,
				       run->next_iova - 1);
	scnprintf(line + n, LINE - n, "\n");
	put(to, line);
	run->first.leaf = false;
}

/**
 * io_pgtable_dump - show a set of tables
 * @first, @last: the input addresses
 * @entry: reads one descriptor, as the entry of io_pgtable_ops; whoever changes
 *	   the tables is kept out by it, for one call at a time
 * @from: its first argument
 * @put: takes a line of text
 * @to: its first argument
 *
 * Entries that lead nowhere are left out, and of leaves that lead on as those
 * before them the number alone is told.
 *
 * Return: 0, or -ENOMEM.
 */
int io_pgtable_dump(unsigned long first, unsigned long last,
		    void (*entry)(void *from, unsigned long iova,
				  unsigned int depth,
				  struct io_pgtable_entry *e),
		    void *from, void (*put)(void *to, const char *line),
		    void *to)
{
	struct run *run = kzalloc(sizeof(*run) + LINE, GFP_KERNEL);
	unsigned long end_of[MAX_DEPTH], iova = first;
	struct io_pgtable_entry e;
	char *line = (char *)(run + 1);
	unsigned int depth = 0;
	size_t n;

	if (!run)
		return -ENOMEM;
	for (;;) {
		memset(&e, 0, sizeof(e));
		entry(from, iova, depth, &e);
		if (continues(run, &e)) {
			run->more++;
		} else if (e.leaf) {
			put_run(run, line, put, to);
			run->first = e;
			run->more = 0;
		}
		if (e.leaf) {
			run->next_iova = e.iova + e.size;
			run->next_paddr = e.paddr + e.size;
		}
		if (e.table && depth + 1 < MAX_DEPTH) {
			put_run(run, line, put, to);
			n = put_entry(line, LINE, &e);
			scnprintf(line + n, LINE - n, "\n");
			put(to, line);
			end_of[depth++] = e.iova + e.size - 1;
			continue;
		}
		if (!e.size || e.iova + e.size - 1 >= last)
			break;
		iova = e.iova + e.size;
		while (depth && iova > end_of[depth - 1])
			depth--;
	}
	put_run(run, line, put, to);
	kfree(run);
	return 0;
}
EXPORT_SYMBOL_GPL(io_pgtable_dump);
