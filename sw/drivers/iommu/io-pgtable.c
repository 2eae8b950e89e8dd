// SPDX-License-Identifier: MIT
/*
 * Registry of I/O page-table formats. Built in, so that IOMMU drivers and
 * formats may come and go as modules on either side of it. It knows no format:
 * what it says of one comes from the format's own node.
 */
#define pr_fmt(fmt) "io-pgtable: " fmt

#include <io-pgtable.h>

#include <device.h>
#include <err.h>
#include <errno.h>
#include <module.h>
#include <mutex.h>
#include <printk.h>

/* What a format's module is held for. */
#define TABLES	"tables"

/* Threads only: whoever allocates or registers may sleep. */
static DEFINE_MUTEX(formats_lock);
/* Under formats_lock. */
static const struct io_pgtable_init_fns_node *formats[IO_PGTABLE_NUM_FMTS];

static bool is_format(enum io_pgtable_fmt fmt)
{
	return (unsigned int)fmt < IO_PGTABLE_NUM_FMTS;
}

static bool node_complete(const struct io_pgtable_init_fns_node *node)
{
	return is_format(node->fmt) && node->name && node->fns &&
	       node->fns->alloc && node->fns->free;
}

static void
remove_formats(const struct io_pgtable_init_fns_node *nodes,
	       unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (is_format(nodes[i].fmt) &&
		    formats[nodes[i].fmt] == &nodes[i])
			formats[nodes[i].fmt] = NULL;
}

/**
 * io_pgtable_register_formats - make formats available
 * @nodes: the formats; they stay the caller's
 * @count: how many
 *
 * All become available, or none: a module whose later steps fail cannot have
 * tables that somebody allocated meanwhile. Devices that were deferred for
 * want of a format are probed again.
 *
 * Return: 0; -EINVAL for a node that is not complete; -EEXIST if a format is
 * registered already.
 */
int io_pgtable_register_formats(const struct io_pgtable_init_fns_node *nodes,
				unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!node_complete(&nodes[i])) {
			pr_err("node %u of %u is not complete: a format below %d, a name, alloc and free are needed\n",
			       i, count, IO_PGTABLE_NUM_FMTS);
			return -EINVAL;
		}
	}

	mutex_lock(&formats_lock);
	for (i = 0; i < count; i++) {
		if (formats[nodes[i].fmt]) {
			pr_err("format %s is registered already\n",
			       formats[nodes[i].fmt]->name);
			remove_formats(nodes, i);
			mutex_unlock(&formats_lock);
			return -EEXIST;
		}
		formats[nodes[i].fmt] = &nodes[i];
	}
	mutex_unlock(&formats_lock);

	for (i = 0; i < count; i++)
		pr_info("format %s registered\n", nodes[i].name);
	driver_deferred_probe_trigger();
	return 0;
}
EXPORT_SYMBOL_GPL(io_pgtable_register_formats);

/**
 * io_pgtable_unregister_formats - withdraw formats
 * @nodes: as registered; one that is not registered is left alone
 * @count: how many
 *
 * Tables that exist hold a reference on the module, so none can be left when
 * the module's exit function calls this.
 */
void
io_pgtable_unregister_formats(const struct io_pgtable_init_fns_node *nodes,
			      unsigned int count)
{
	mutex_lock(&formats_lock);
	remove_formats(nodes, count);
	mutex_unlock(&formats_lock);
}
EXPORT_SYMBOL_GPL(io_pgtable_unregister_formats);

/**
 * io_pgtable_format_registered - whether something provides a format now
 * @fmt: the format
 *
 * For drivers that would rather wait than fail. The format can go before it
 * is used: what alloc_io_pgtable_ops() returns decides.
 */
bool io_pgtable_format_registered(enum io_pgtable_fmt fmt)
{
	bool registered;

	mutex_lock(&formats_lock);
	registered = is_format(fmt) && formats[fmt];
	mutex_unlock(&formats_lock);
	return registered;
}
EXPORT_SYMBOL_GPL(io_pgtable_format_registered);

/* The format with a reference on its module, taken under the lock that its
 * unregistering needs: it is not gone before the reference is there.
 */
static const struct io_pgtable_init_fns_node *
get_format(enum io_pgtable_fmt fmt, struct module *user, int *ret)
{
	const struct io_pgtable_init_fns_node *node;

	mutex_lock(&formats_lock);
	node = formats[fmt];
	*ret = node ? module_get_for(node->owner, user, TABLES) : -ENOENT;
	/* No error yet: its module may be on the way, and the caller wait. */
	if (!node)
		pr_info("format %d is not registered: modprobe io-pgtable-fmt-%d\n",
			fmt, fmt);
	else if (*ret == -ENOMEM)
		pr_err("no memory for a reference to the module of format %s\n",
		       node->name);
	else if (*ret)
		pr_err("the module of format %s is being unloaded\n",
		       node->name);
	mutex_unlock(&formats_lock);
	return node;
}

/**
 * alloc_io_pgtable_ops - allocate a set of tables of a format
 * @fmt: the format
 * @cfg: what is wanted; its outputs are filled
 * @cookie: handed to the flush operations
 * @user: the caller's module (THIS_MODULE), in whose name the format's module
 *	  is held; NULL for the kernel itself
 * @ops: the operations on success
 *
 * May sleep.
 *
 * Return: 0; -ENOENT if nothing provides the format, or its module is on its
 * way out; -EINVAL for a configuration that the format cannot serve; -ENOMEM.
 */
int alloc_io_pgtable_ops(enum io_pgtable_fmt fmt, struct io_pgtable_cfg *cfg,
			 void *cookie, struct module *user,
			 struct io_pgtable_ops **ops)
{
	const struct io_pgtable_init_fns_node *node;
	struct io_pgtable *iop;
	int ret;

	if (!is_format(fmt)) {
		pr_err("format %d is none; they are 0 to %d\n", fmt,
		       IO_PGTABLE_NUM_FMTS - 1);
		return -EINVAL;
	}
	node = get_format(fmt, user, &ret);
	if (ret)
		return ret;

	iop = node->fns->alloc(cfg, cookie);
	if (IS_ERR(iop)) {
		module_put_for(node->owner, user, TABLES);
		return (int)PTR_ERR(iop);
	}
	iop->format = node;
	iop->user = user;
	*ops = &iop->ops;
	return 0;
}
EXPORT_SYMBOL_GPL(alloc_io_pgtable_ops);

/**
 * free_io_pgtable_ops - release a set of tables
 * @ops: from alloc_io_pgtable_ops(), or NULL
 *
 * The IOMMU must have stopped walking them; everything it cached of them is
 * dropped here, before the memory is given back.
 */
void free_io_pgtable_ops(struct io_pgtable_ops *ops)
{
	const struct io_pgtable_init_fns_node *node;
	struct io_pgtable *iop;
	struct module *user;

	if (!ops)
		return;
	iop = io_pgtable_ops_to_pgtable(ops);
	/* Held by these tables: the node is there until the reference goes. */
	node = iop->format;
	user = iop->user;

	io_pgtable_tlb_flush_all(iop);
	node->fns->free(iop);
	module_put_for(node->owner, user, TABLES);
}
EXPORT_SYMBOL_GPL(free_io_pgtable_ops);
