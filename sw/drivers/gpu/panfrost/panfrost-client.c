// SPDX-License-Identifier: MIT
/* Clients: each has tables of its own, and sees nothing of the others. */
#include "panfrost.h"

#include <module.h>

static void hold_name(const struct pan_client *c, char *buf, size_t size)
{
	scnprintf(buf, size, "client %u of %s", c->id, dev_name(c->pan->dev));
}

/**
 * pan_client_new - a client, and empty tables for it
 * @pan: the GPU
 *
 * Return: the client; ERR_PTR(-EPROBE_DEFER) when the page-table format is
 * missing, with the reason for "deferred"; or another error.
 */
struct pan_client *pan_client_new(struct pan_device *pan)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = PAGE_SIZE | PAN_BLOCK,
		.ias = pan->features.va_bits,
		.oas = pan->features.pa_bits,
		.coherent_walk = pan->dev->dma_coherent,
		.tlb = &pan_flush_ops,
		.iommu_dev = pan->dev,
	};
	struct pan_client *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int ret;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->pan = pan;
	INIT_LIST_HEAD(&c->buffers);
	INIT_LIST_HEAD(&c->node);
	ret = alloc_io_pgtable_ops(ARM_MALI_LPAE, &cfg, c, THIS_MODULE,
				   &c->tables);
	if (ret == -ENOENT)
		ret = dev_err_probe(pan->dev, -EPROBE_DEFER,
				    "page-table format ARM_MALI_LPAE is not registered: modprobe io-pgtable-fmt-%d\n",
				    ARM_MALI_LPAE);
	if (ret) {
		kfree(c);
		return ERR_PTR(ret);
	}
	c->transtab = cfg.arm_mali_lpae_cfg.transtab;
	c->memattr = cfg.arm_mali_lpae_cfg.memattr;
	return c;
}

/**
 * pan_client_lose - the tables of a client go, its buffers' memory stays
 * @c: no job of it runs or waits; the GPU knows nothing of it any more, or it
 *     is lost: then nobody gets their memory
 */
void pan_client_lose(struct pan_client *c)
{
	struct pan_buffer *b;

	lockdep_assert_held(&c->pan->lock);
	if (!c->tables)
		return;
	if (c->pan->lost) {
		c->tables = NULL;
		return;
	}
	list_for_each_entry(b, &c->buffers, node)
		pan_buffer_unmap_dma(b);
	free_io_pgtable_ops(c->tables);
	c->tables = NULL;
}

/**
 * pan_client_free - the end of a client
 * @c: as of pan_client_lose(); with the GPU's lock
 */
void pan_client_free(struct pan_client *c)
{
	struct pan_buffer *b, *next;

	pan_client_lose(c);
	list_for_each_entry_safe(b, next, &c->buffers, node)
		pan_buffer_free(b);
	list_del_init(&c->node);
	kfree(c);
}

/**
 * pan_client_open - an address space for somebody
 * @pan: the GPU
 * @client: what comes of it
 *
 * The module stays until it is closed. The GPU need not: then all that is asked
 * for is -ENODEV.
 *
 * Return: 0, -ENODEV, -ENOMEM, or -EPROBE_DEFER without the page-table format.
 */
int pan_client_open(struct pan_device *pan, struct pan_client **client)
{
	struct pan_client *c;
	char why[64];
	int ret = -ENODEV;

	mutex_lock(&pan->lock);
	if (!pan->bound || pan->lost)
		goto out_unlock;
	c = pan_client_new(pan);
	ret = PTR_ERR_OR_ZERO(c);
	if (ret)
		goto out_unlock;
	c->id = ++pan->last_client;
	hold_name(c, why, sizeof(why));
	ret = module_get_for(THIS_MODULE, NULL, why);
	if (ret) {
		pan_client_free(c);
		goto out_unlock;
	}
	list_add_tail(&c->node, &pan->clients);
	kref_get(&pan->kref);
	*client = c;
out_unlock:
	mutex_unlock(&pan->lock);
	return ret;
}

/**
 * pan_client_close - the end of what pan_client_open() gave
 * @c: the client; its jobs that have not ended are cancelled, its buffers go
 */
void pan_client_close(struct pan_client *c)
{
	struct pan_device *pan = c->pan;
	char why[64];

	pan_job_cancel(c);
	hold_name(c, why, sizeof(why));
	mutex_lock(&pan->lock);
	if (pan->bound && !pan->lost && pan_mmu_leave(c))
		pan_reset(pan, "it does not leave an address space");
	if (pan->lost) {
		dev_err(pan->dev, "the memory of client %u stays allocated\n",
			c->id);
		list_del(&c->node);
	} else {
		pan_client_free(c);
	}
	mutex_unlock(&pan->lock);
	pan_put(pan);
	module_put_for(THIS_MODULE, NULL, why);
}
