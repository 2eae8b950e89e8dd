// SPDX-License-Identifier: MIT
/*
 * Addresses: from the host's windows, once for all. What a bridge needs is
 * found from below, where it lies is given from above. Where room is short the
 * largest BARs are left out, and named.
 */
#include <slab.h>
#include <sort.h>

#include "pci-internal.h"

/* Windows of bridges come in these (Base 7.5.1.3.8). */
#define WINDOW_ALIGN	0x100000ULL
/* So often the largest is left out before all are. */
#define MAX_ATTEMPTS	64
#define ALL_SPANS	PCI_NUM_SPANS

/* A BAR, or a window of the bridge above @child. */
struct item {
	struct pci_dev *pdev;
	struct pci_bar *bar;
	struct pci_bus *child;
	unsigned int kind;
	bool can64, prefetch;
	u64 size, align;
	unsigned int seq;
};

static bool is_wanted(const struct pci_bar *bar)
{
	return bar->size && !bar->left_out;
}

static bool is_64bit(const struct pci_bar *bar)
{
	return (bar->flags & PCI_BAR_MEM_TYPE) == PCI_BAR_MEM_TYPE_64;
}

/* What is not prefetchable goes through no prefetchable window; the other way
 * round does no harm (PCI-to-PCI Bridge 4.3).
 */
static unsigned int kind_of(const struct pci_bus *bus,
			    const struct pci_bar *bar)
{
	return bus->pref64 && is_64bit(bar) &&
	       bar->flags & PCI_BAR_MEM_PREFETCH ? PCI_SPAN_PREF :
						   PCI_SPAN_MEM;
}

static void leave_out(struct pci_dev *pdev, struct pci_bar *bar)
{
	dev_warn(&pdev->dev, "no room for BAR %u of %#llx bytes\n",
		 (unsigned int)(bar - pdev->bars), bar->size);
	bar->left_out = true;
}

static int compare(const void *a, const void *b, const void *priv)
{
	const struct item *x = a, *y = b;

	/* Those that lie only below 4 GiB first, and then the largest. */
	if (x->can64 != y->can64)
		return x->can64 ? 1 : -1;
	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static void add_bars(struct pci_dev *pdev, unsigned int kind,
		     struct item *items, unsigned int *n)
{
	unsigned int i;

	for (i = 0; i < PCI_NUM_BARS; i++) {
		struct pci_bar *bar = &pdev->bars[i];

		if (!is_wanted(bar) ||
		    (kind != ALL_SPANS && kind != kind_of(pdev->bus, bar)))
			continue;
		items[*n] = (struct item){
			.pdev = pdev, .bar = bar, .seq = *n,
			.can64 = is_64bit(bar),
			.prefetch = bar->flags & PCI_BAR_MEM_PREFETCH,
			.size = bar->size, .align = bar->size,
		};
		(*n)++;
	}
}

static void add_windows(struct pci_dev *pdev, unsigned int kind,
			struct item *items, unsigned int *n)
{
	unsigned int k;

	for (k = 0; k < PCI_NUM_SPANS; k++) {
		const struct pci_span *span = &pdev->subordinate->spans[k];

		if (!span->size || (kind != ALL_SPANS && kind != k))
			continue;
		items[*n] = (struct item){
			.pdev = pdev, .child = pdev->subordinate, .kind = k,
			.seq = *n, .size = span->size, .align = span->align,
			.can64 = k == PCI_SPAN_PREF,
			.prefetch = k == PCI_SPAN_PREF,
		};
		(*n)++;
	}
}

/* What on a bus wants room of a kind, in the order in which it gets it. */
static struct item *collect(struct pci_bus *bus, unsigned int kind,
			    unsigned int *n)
{
	struct pci_dev *pdev;
	unsigned int num = 1;
	struct item *items;

	for_each_pci_dev_on(pdev, bus)
		num += PCI_NUM_BARS + PCI_NUM_SPANS;
	items = kvmalloc(num * sizeof(*items), GFP_KERNEL);
	if (!items)
		return NULL;
	*n = 0;
	for_each_pci_dev_on(pdev, bus) {
		add_bars(pdev, kind, items, n);
		if (pdev->subordinate)
			add_windows(pdev, kind, items, n);
	}
	sort_r(items, *n, sizeof(*items), compare, NULL);
	return items;
}

/* The place of an item behind @at: false, when addresses end before. */
static bool advance(const struct item *item, u64 *at, u64 *end)
{
	u64 first = ALIGN(*at, item->align);

	if (first < *at || check_add_overflow(first, item->size, end))
		return false;
	*at = first;
	return true;
}

/* All that is below @bus, in a row. */
static int measure(struct pci_bus *bus, unsigned int kind)
{
	struct pci_span *span = &bus->spans[kind];
	unsigned int n, i;
	struct item *items = collect(bus, kind, &n);
	u64 at = 0;

	if (!items)
		return -ENOMEM;
	span->align = WINDOW_ALIGN;
	for (i = 0; i < n; i++) {
		u64 end;

		span->align = max(span->align, items[i].align);
		/* Too large for any host: it will be refused. */
		at = advance(&items[i], &at, &end) ? end : BIT_ULL(63);
	}
	span->size = ALIGN(min(at, BIT_ULL(63)), WINDOW_ALIGN);
	kvfree(items);
	return 0;
}

static int measure_all(struct pci_host *host)
{
	struct pci_bus *bus;
	unsigned int kind;
	int ret = 0;

	/* Children are behind their parents. */
	list_for_each_entry_reverse(bus, &host->buses, node)
		for (kind = 0; kind < PCI_NUM_SPANS && !ret; kind++)
			if (!pci_is_root_bus(bus))
				ret = measure(bus, kind);
	return ret;
}

static bool fits(struct pci_window *w, const struct item *item, u64 *at)
{
	u64 end;

	/* Address 0 means nowhere to many devices. */
	*at = max(w->next, 1ULL);
	if (w->prefetch && !item->prefetch)
		return false;
	if (!advance(item, at, &end) || end > w->pci + w->size)
		return false;
	return item->can64 || end <= BIT_ULL(32);
}

static bool take(struct pci_host *host, const struct item *item, u64 *at)
{
	unsigned int i;

	for (i = 0; i < host->num_windows; i++)
		if (fits(&host->windows[i], item, at)) {
			host->windows[i].next = *at + item->size;
			return true;
		}
	return false;
}

static bool is_below(const struct pci_bus *bus, const struct pci_bus *top)
{
	return bus->number >= top->number && bus->number <= top->last;
}

/* The largest of a kind below a bridge, or all. */
static void make_room(struct pci_bus *top, unsigned int kind, bool all)
{
	struct pci_dev *pdev, *owner = NULL;
	struct pci_bar *largest = NULL;
	unsigned int i;

	list_for_each_entry(pdev, &top->host->devices, node) {
		if (!is_below(pdev->bus, top))
			continue;
		for (i = 0; i < PCI_NUM_BARS; i++) {
			struct pci_bar *bar = &pdev->bars[i];

			if (!is_wanted(bar) ||
			    kind_of(pdev->bus, bar) != kind)
				continue;
			if (all)
				leave_out(pdev, bar);
			if (!largest || bar->size > largest->size) {
				largest = bar;
				owner = pdev;
			}
		}
	}
	if (largest && !all)
		leave_out(owner, largest);
}

/* On the host's own bus: -EAGAIN when something was left out below a bridge. */
static int place_root(struct pci_bus *root, bool all)
{
	struct pci_host *host = root->host;
	unsigned int n, i;
	struct item *items = collect(root, ALL_SPANS, &n);
	int ret = 0;
	u64 at;

	if (!items)
		return -ENOMEM;
	for (i = 0; i < host->num_windows; i++)
		host->windows[i].next = host->windows[i].pci;
	for (i = 0; i < n; i++) {
		if (take(host, &items[i], &at)) {
			if (items[i].bar)
				items[i].bar->pci = at;
			else
				items[i].child->spans[items[i].kind].at = at;
		} else if (items[i].bar) {
			leave_out(items[i].pdev, items[i].bar);
		} else {
			make_room(items[i].child, items[i].kind, all);
			ret = -EAGAIN;
			break;
		}
	}
	kvfree(items);
	return ret;
}

static int place_bus(struct pci_bus *bus, unsigned int kind)
{
	unsigned int n, i;
	struct item *items = collect(bus, kind, &n);
	u64 at = bus->spans[kind].at;

	if (!items)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		u64 end = 0;

		/* As it was measured, so it does. */
		advance(&items[i], &at, &end);
		if (items[i].bar)
			items[i].bar->pci = at;
		else
			items[i].child->spans[items[i].kind].at = at;
		at = end;
	}
	kvfree(items);
	return 0;
}

static bool to_cpu(const struct pci_host *host, u64 pci, phys_addr_t *cpu)
{
	unsigned int i;

	for (i = 0; i < host->num_windows; i++) {
		const struct pci_window *w = &host->windows[i];

		if (pci >= w->pci && pci - w->pci < w->size) {
			*cpu = w->cpu + (pci - w->pci);
			return true;
		}
	}
	return false;
}

static void write_bar(struct pci_dev *pdev, unsigned int i)
{
	unsigned int reg = PCI_BASE_ADDRESS_0 + 4 * i;
	struct pci_bar *bar = &pdev->bars[i];
	bool kept;

	pci_write_config_dword(pdev, reg, (u32)bar->pci);
	kept = (pci_read_config_dword(pdev, reg) & ~0xfu) == (u32)bar->pci;
	if (is_64bit(bar)) {
		pci_write_config_dword(pdev, reg + 4, (u32)(bar->pci >> 32));
		kept &= pci_read_config_dword(pdev, reg + 4) ==
			(u32)(bar->pci >> 32);
	}
	bar->assigned = kept && to_cpu(pdev->host, bar->pci, &bar->cpu);
	if (!bar->assigned)
		dev_warn(&pdev->dev, "BAR %u does not keep its address\n", i);
}

/* Bits 31 to 20 of the first and the last address, in a half each. */
static u32 window_bits(const struct pci_span *span)
{
	u64 last = span->at + span->size - 1;

	return (u32)(span->at >> 16 & 0xfff0) | ((u32)last & 0xfff00000);
}

static bool open_window(struct pci_dev *bridge, unsigned int reg,
			const struct pci_span *span)
{
	if (!span->size)
		return true;
	pci_write_config_dword(bridge, reg, window_bits(span));
	return (pci_read_config_dword(bridge, reg) & 0xfff0fff0) ==
	       window_bits(span);
}

static void open_bridge(struct pci_dev *bridge)
{
	struct pci_bus *bus = bridge->subordinate;
	const struct pci_span *pref = &bus->spans[PCI_SPAN_PREF];
	u64 last = pref->at + pref->size - 1;
	u16 command = pci_read_config_word(bridge, PCI_COMMAND);

	bus->lost = bridge->bus->lost;
	if (!bus->lost &&
	    (!open_window(bridge, PCI_MEMORY_BASE,
			  &bus->spans[PCI_SPAN_MEM]) ||
	     !open_window(bridge, PCI_PREF_MEMORY_BASE, pref))) {
		dev_warn(&bridge->dev, "does not keep its windows; what is below it has no addresses\n");
		bus->lost = true;
	}
	if (bus->lost) {
		pci_close_bridge(bridge);
		return;
	}
	if (pref->size) {
		pci_write_config_dword(bridge, PCI_PREF_BASE_UPPER32,
				       (u32)(pref->at >> 32));
		pci_write_config_dword(bridge, PCI_PREF_LIMIT_UPPER32,
				       (u32)(last >> 32));
	}
	pci_write_config_word(bridge, PCI_COMMAND,
			      command | PCI_COMMAND_MEMORY |
			      PCI_COMMAND_MASTER);
}

static void write_all(struct pci_host *host)
{
	struct pci_dev *pdev;
	unsigned int i;

	/* Bridges are before what is below them. */
	list_for_each_entry(pdev, &host->devices, node) {
		for (i = 0; i < PCI_NUM_BARS; i++)
			if (is_wanted(&pdev->bars[i]) && !pdev->bus->lost)
				write_bar(pdev, i);
		if (pdev->subordinate)
			open_bridge(pdev);
	}
}

/* A window that is not there reads as zeroes (Base 7.5.1.3.9). */
static bool has_pref64(struct pci_dev *bridge)
{
	return (pci_read_config_word(bridge, PCI_PREF_MEMORY_BASE) &
		PCI_PREF_RANGE_TYPE) == PCI_PREF_RANGE_TYPE_64;
}

static void leave_out_giants(struct pci_host *host)
{
	struct pci_dev *pdev;
	u64 largest = 0;
	unsigned int i;

	for (i = 0; i < host->num_windows; i++)
		largest = max(largest, host->windows[i].size);
	list_for_each_entry(pdev, &host->devices, node)
		for (i = 0; i < PCI_NUM_BARS; i++)
			if (pdev->bars[i].size > largest)
				leave_out(pdev, &pdev->bars[i]);
}

int pci_assign_host(struct pci_host *host)
{
	struct pci_bus *root = list_first_entry(&host->buses, struct pci_bus,
						node);
	unsigned int attempt = 0, kind;
	struct pci_bus *bus;
	int ret;

	list_for_each_entry(bus, &host->buses, node)
		bus->pref64 = !bus->parent ||
			      (bus->parent->pref64 && has_pref64(bus->self));
	leave_out_giants(host);
	do {
		ret = measure_all(host);
		if (!ret)
			ret = place_root(root, attempt++ >= MAX_ATTEMPTS);
	} while (ret == -EAGAIN);
	list_for_each_entry(bus, &host->buses, node)
		for (kind = 0; kind < PCI_NUM_SPANS && !ret; kind++)
			if (!pci_is_root_bus(bus))
				ret = place_bus(bus, kind);
	if (!ret)
		write_all(host);
	return ret;
}
