// SPDX-License-Identifier: MIT
/*
 * Registry of I/O page-table formats. Built in, so that IOMMU drivers and
 * formats may come and go as modules on either side of it.
 */
#define pr_fmt(fmt) "io-pgtable: " fmt

#include <io-pgtable.h>

#include <errno.h>
#include <module.h>
#include <printk.h>
#include <spinlock.h>

static struct io_pgtable_init_fns_node *formats;
static DEFINE_SPINLOCK(formats_lock);

static const char *const fmt_names[IO_PGTABLE_NUM_FMTS] = {
	[ARM_32_LPAE_S1] = "ARM_32_LPAE_S1",
	[ARM_32_LPAE_S2] = "ARM_32_LPAE_S2",
	[ARM_64_LPAE_S1] = "ARM_64_LPAE_S1",
	[ARM_64_LPAE_S2] = "ARM_64_LPAE_S2",
	[ARM_V7S] = "ARM_V7S",
	[ARM_MALI_LPAE] = "ARM_MALI_LPAE",
};

/**
 * io_pgtable_fmt_name - a format's name, for messages
 * @fmt: the format, any value
 */
const char *io_pgtable_fmt_name(enum io_pgtable_fmt fmt)
{
	if ((unsigned int)fmt >= IO_PGTABLE_NUM_FMTS)
		return "unknown";
	return fmt_names[fmt];
}
EXPORT_SYMBOL_GPL(io_pgtable_fmt_name);

static struct io_pgtable_init_fns_node *find_format(enum io_pgtable_fmt fmt)
{
	struct io_pgtable_init_fns_node *node;

	for (node = formats; node; node = node->next)
		if (node->fmt == fmt)
			return node;
	return NULL;
}

/**
 * io_pgtable_register_format - make a format available
 * @node: the format's functions; stays the caller's
 *
 * Return: 0; -EINVAL for a node that is not complete; -EEXIST if the format
 * is registered already.
 */
int io_pgtable_register_format(struct io_pgtable_init_fns_node *node)
{
	unsigned long flags;
	int ret = 0;

	if (!node || (unsigned int)node->fmt >= IO_PGTABLE_NUM_FMTS ||
	    !node->alloc || !node->free)
		return -EINVAL;

	spin_lock_irqsave(&formats_lock, flags);
	if (find_format(node->fmt)) {
		ret = -EEXIST;
	} else {
		node->next = formats;
		formats = node;
	}
	spin_unlock_irqrestore(&formats_lock, flags);

	if (ret)
		pr_err("format %s is registered already\n",
		       io_pgtable_fmt_name(node->fmt));
	return ret;
}
EXPORT_SYMBOL_GPL(io_pgtable_register_format);

/**
 * io_pgtable_unregister_format - withdraw a format
 * @node: as registered; one that is not registered is left alone
 *
 * Tables that exist hold a reference on the module, so none can be left when
 * the module's exit function calls this.
 */
void io_pgtable_unregister_format(struct io_pgtable_init_fns_node *node)
{
	struct io_pgtable_init_fns_node **link;
	unsigned long flags;

	spin_lock_irqsave(&formats_lock, flags);
	for (link = &formats; *link; link = &(*link)->next) {
		if (*link == node) {
			*link = node->next;
			node->next = NULL;
			break;
		}
	}
	spin_unlock_irqrestore(&formats_lock, flags);
}
EXPORT_SYMBOL_GPL(io_pgtable_unregister_format);

/**
 * alloc_io_pgtable_ops - allocate a set of tables of a format
 * @fmt: the format
 * @cfg: what is wanted; its outputs are filled
 * @cookie: handed to the flush operations
 * @user: the caller's module (THIS_MODULE), in whose name the format's module
 *	  is held; NULL for the kernel itself
 * @ops: the operations on success
 *
 * Return: 0; -ENOENT if nothing provides the format; -EBUSY if its module is
 * on its way out; -ENOMEM if the format could not provide what @cfg asks for.
 */
int alloc_io_pgtable_ops(enum io_pgtable_fmt fmt, struct io_pgtable_cfg *cfg,
			 void *cookie, struct module *user,
			 struct io_pgtable_ops **ops)
{
	struct io_pgtable_init_fns_node *node;
	struct io_pgtable *iop;
	unsigned long flags;
	int ret = 0;

	/* The reference is taken under the lock that unregistering needs. */
	spin_lock_irqsave(&formats_lock, flags);
	node = find_format(fmt);
	if (!node)
		ret = -ENOENT;
	else if (module_get_by(node->owner, user))
		ret = -EBUSY;
	spin_unlock_irqrestore(&formats_lock, flags);

	if (ret == -ENOENT) {
		pr_err("format %s is not registered; load the module that provides it\n",
		       io_pgtable_fmt_name(fmt));
		return ret;
	}
	if (ret) {
		pr_err("format %s is being unloaded\n",
		       io_pgtable_fmt_name(fmt));
		return ret;
	}

	iop = node->alloc(cfg, cookie);
	if (!iop) {
		module_put_by(node->owner, user);
		return -ENOMEM;
	}

	iop->fmt = fmt;
	iop->cookie = cookie;
	iop->cfg = *cfg;
	iop->owner = node->owner;
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
	struct io_pgtable_init_fns_node *node;
	struct module *owner, *user;
	struct io_pgtable *iop;
	unsigned long flags;

	if (!ops)
		return;
	iop = io_pgtable_ops_to_pgtable(ops);
	owner = iop->owner;
	user = iop->user;

	io_pgtable_tlb_flush_all(iop);

	spin_lock_irqsave(&formats_lock, flags);
	node = find_format(iop->fmt);
	spin_unlock_irqrestore(&formats_lock, flags);
	if (!node) {
		pr_err("tables of format %s outlived their format; leaked\n",
		       io_pgtable_fmt_name(iop->fmt));
		return;
	}
	node->free(iop);
	module_put_by(owner, user);
}
EXPORT_SYMBOL_GPL(free_io_pgtable_ops);
