// SPDX-License-Identifier: MIT
/*
 * IOMMU core: faults. One that is over is told in the interrupt; one whose
 * access waits goes to a thread, which may map what is missing.
 */
#define pr_fmt(fmt) "iommu: " fmt

#include "iommu-internal.h"

#include <device.h>
#include <kernel.h>
#include <slab.h>
#include <spinlock.h>
#include <workqueue.h>

/* Over the handlers, which interrupts look at: whoever takes one away waits
 * until it is no longer running.
 */
static DEFINE_SPINLOCK(fault_lock);

/* Made for the first handler, and kept. Under iommu_mutex. */
static struct workqueue_struct *page_fault_wq;

/**
 * struct page_fault - what waits for an answer
 * @node: of a group of page requests: behind its last one, @group; before that
 *	  came, among the device's @partial
 */
struct page_fault {
	struct work_struct work;
	struct device *dev;
	struct iommu_fault fault;
	struct list_head node;
	struct list_head group;
};

/* Groups of page requests have indices of so many bits (Base 10.4.1). */
#define GROUPS		512
/* What a device may have outstanding is far less: more is its error. */
#define MAX_REQUESTS	512

/**
 * struct iommu_requests - what a device has asked for
 * @partial: struct page_fault of groups whose last request has not come
 * @held: page requests that are kept, in @partial or with a group
 * @lost: groups of which one was not kept
 */
struct iommu_requests {
	struct list_head partial;
	unsigned int held;
	unsigned long lost[GROUPS / 64];
};

/**
 * iommu_set_fault_handler - be told of a device's faults
 * @dev: behind an IOMMU
 * @handler: called in interrupt context, where it must not call this; NULL to
 *	     stop: on return it is no longer running
 * @data: passed to it
 *
 * Return: 0, -ENODEV without an IOMMU, -EBUSY if there is a handler.
 */
int iommu_set_fault_handler(struct device *dev,
			    iommu_fault_handler_t handler, void *data)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&fault_lock, flags);
	if (!dev->iommu) {
		ret = -ENODEV;
	} else if (handler && dev->iommu->fault_handler) {
		ret = -EBUSY;
	} else {
		dev->iommu->fault_data = data;
		dev->iommu->fault_handler = handler;
	}
	spin_unlock_irqrestore(&fault_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_set_fault_handler);

/**
 * iommu_report_device_fault - tell a device's driver of a fault
 * @dev: the device that the fault's stream belongs to; of a stream that
 *	 several share, each is told
 * @fault: all that is known
 */
void iommu_report_device_fault(struct device *dev,
			       const struct iommu_fault *fault)
{
	struct iommu_fwspec *fwspec;
	unsigned long flags;

	spin_lock_irqsave(&fault_lock, flags);
	fwspec = dev->iommu;
	if (fwspec && fwspec->fault_handler)
		fwspec->fault_handler(dev, fault, fwspec->fault_data);
	spin_unlock_irqrestore(&fault_lock, flags);
}
EXPORT_SYMBOL_GPL(iommu_report_device_fault);

static enum iommu_page_response ask(const struct page_fault *pf,
				    iommu_page_fault_handler_t handler,
				    void *data)
{
	struct iommu_domain *domain;

	domain = iommu_get_domain_pasid(pf->dev, pf->fault.ssid_valid ?
					pf->fault.ssid : IOMMU_NO_PASID);
	return handler && domain ? handler(pf->dev, domain, &pf->fault, data) :
				   IOMMU_PAGE_ABORT;
}

/* Of a group: all that came before @pf, in that order, and then @pf. */
static enum iommu_page_response
ask_group(struct page_fault *pf, iommu_page_fault_handler_t handler, void *data)
{
	enum iommu_page_response response = IOMMU_PAGE_RETRY;
	struct page_fault *one;

	/* One that fails decides for all. */
	list_for_each_entry(one, &pf->group, node)
		response = max(response, ask(one, handler, data));
	return max(response, ask(pf, handler, data));
}

static void free_fault(struct page_fault *pf)
{
	struct page_fault *one, *n;

	list_for_each_entry_safe(one, n, &pf->group, node)
		kfree(one);
	kfree(pf);
}

static unsigned int count_group(const struct page_fault *pf)
{
	const struct page_fault *one;
	unsigned int n = 1;

	list_for_each_entry(one, &pf->group, node)
		n++;
	return n;
}

static void handle_page_fault(struct work_struct *work)
{
	struct page_fault *pf = container_of(work, struct page_fault, work);
	struct iommu_fwspec *fwspec = pf->dev->iommu;
	enum iommu_page_response response;
	iommu_page_fault_handler_t handler;
	unsigned long flags;
	void *data;

	spin_lock_irqsave(&fault_lock, flags);
	handler = fwspec->page_fault_handler;
	data = fwspec->page_fault_data;
	spin_unlock_irqrestore(&fault_lock, flags);
	response = ask_group(pf, handler, data);
	if (pf->fault.page_request) {
		/* With the answer the device may ask again. */
		spin_lock_irqsave(&fault_lock, flags);
		fwspec->requests->held -= count_group(pf);
		spin_unlock_irqrestore(&fault_lock, flags);
	}
	fwspec->iommu->ops->page_response(pf->dev, &pf->fault, response);
	free_fault(pf);
}

static bool same_group(const struct iommu_fault *a, const struct iommu_fault *b)
{
	return a->tag == b->tag && a->ssid_valid == b->ssid_valid &&
	       a->ssid == b->ssid;
}

/* A request of a group whose last one is still to come is kept until then. With
 * fault_lock. False: it is not kept.
 */
static bool keep_request(struct iommu_requests *r, struct page_fault *pf)
{
	struct page_fault *one, *n;
	bool lost;

	if (!r || pf->fault.tag >= GROUPS)
		return false;
	lost = r->held >= MAX_REQUESTS || test_bit(pf->fault.tag, r->lost);
	if (!pf->fault.last) {
		/* It is answered with its group, by the last. */
		if (lost) {
			__set_bit(pf->fault.tag, r->lost);
			return false;
		}
		r->held++;
		list_add_tail(&pf->node, &r->partial);
		return true;
	}
	r->held++;
	list_for_each_entry_safe(one, n, &r->partial, node)
		if (same_group(&one->fault, &pf->fault)) {
			list_del(&one->node);
			list_add_tail(&one->node, &pf->group);
		}
	if (!lost)
		return true;
	__clear_bit(pf->fault.tag, r->lost);
	r->held -= count_group(pf);
	return false;
}

static void drop_partial(struct iommu_requests *r)
{
	struct page_fault *pf, *n;

	list_for_each_entry_safe(pf, n, &r->partial, node) {
		list_del(&pf->node);
		kfree(pf);
		r->held--;
	}
	memset(r->lost, 0, sizeof(r->lost));
}

/**
 * iommu_discard_page_requests - forget groups whose last request has not come
 * @dev: the device that asked, or any
 *
 * For an IOMMU that has lost some, and has answered for itself. In any context.
 */
void iommu_discard_page_requests(struct device *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&fault_lock, flags);
	if (dev->iommu && dev->iommu->requests)
		drop_partial(dev->iommu->requests);
	spin_unlock_irqrestore(&fault_lock, flags);
}
EXPORT_SYMBOL_GPL(iommu_discard_page_requests);

/* With fault_lock. What is queued is waited for by who takes the handler away. */
static bool take_fault(struct device *dev, struct page_fault *pf)
{
	struct iommu_fwspec *fwspec = dev->iommu;

	if (!fwspec || !fwspec->page_fault_handler)
		return false;
	if (pf->fault.page_request) {
		if (!keep_request(fwspec->requests, pf))
			return false;
		if (!pf->fault.last)
			return true;
	}
	return queue_work(page_fault_wq, &pf->work);
}

static void lose_request(struct device *dev, u32 group)
{
	unsigned long flags;

	spin_lock_irqsave(&fault_lock, flags);
	if (dev->iommu && dev->iommu->requests && group < GROUPS)
		__set_bit(group, dev->iommu->requests->lost);
	spin_unlock_irqrestore(&fault_lock, flags);
}

/**
 * iommu_report_page_fault - hand a waiting access, or a page request, to a
 *			     device's driver
 * @dev: the device that the fault's stream belongs to
 * @fault: all that is known; @fault->tag is for iommu_ops.page_response()
 *
 * In any context.
 *
 * Return: true if it will be answered; false: nobody takes it. Page requests
 * that are not the last of their group need no answer of their own.
 */
bool iommu_report_page_fault(struct device *dev,
			     const struct iommu_fault *fault)
{
	struct page_fault *pf = kzalloc(sizeof(*pf), GFP_ATOMIC);
	unsigned long flags;
	bool taken;

	if (!pf) {
		if (fault->page_request && !fault->last)
			lose_request(dev, fault->tag);
		return false;
	}
	pf->dev = dev;
	pf->fault = *fault;
	INIT_WORK(&pf->work, handle_page_fault);
	INIT_LIST_HEAD(&pf->group);
	spin_lock_irqsave(&fault_lock, flags);
	taken = take_fault(dev, pf);
	spin_unlock_irqrestore(&fault_lock, flags);
	if (!taken)
		free_fault(pf);
	return taken;
}
EXPORT_SYMBOL_GPL(iommu_report_page_fault);

/* False if there is one already. */
static bool put_handler(struct iommu_fwspec *fwspec,
			iommu_page_fault_handler_t handler, void *data)
{
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&fault_lock, flags);
	ok = !handler || !fwspec->page_fault_handler;
	if (ok) {
		fwspec->page_fault_data = data;
		fwspec->page_fault_handler = handler;
	}
	spin_unlock_irqrestore(&fault_lock, flags);
	return ok;
}

/* Once for a device, and kept as long as it is connected. */
static int alloc_requests(struct iommu_fwspec *fwspec)
{
	struct iommu_requests *r;

	if (!fwspec->can_request || fwspec->requests)
		return 0;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	INIT_LIST_HEAD(&r->partial);
	fwspec->requests = r;
	return 0;
}

static int start_page_faults(struct device *dev,
			     iommu_page_fault_handler_t handler, void *data)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;
	int ret;

	if (!ops->set_stall || !ops->page_response ||
	    !(dev->iommu->can_stall || dev->iommu->can_request))
		return -EOPNOTSUPP;
	if (!page_fault_wq)
		page_fault_wq = alloc_ordered_workqueue("iommu-faults", 0);
	if (!page_fault_wq || alloc_requests(dev->iommu))
		return -ENOMEM;
	if (!put_handler(dev->iommu, handler, data))
		return -EBUSY;
	ret = ops->set_stall(dev, true);
	if (ret)
		put_handler(dev->iommu, NULL, NULL);
	return ret;
}

/* Outside of iommu_mutex, which a handler may be waiting for. */
static void finish_page_faults(struct device *dev)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;

	flush_workqueue(page_fault_wq);
	/* What comes from now on is answered without a handler. */
	if (dev->iommu->can_request && ops->drain_page_requests)
		ops->drain_page_requests(dev);
	iommu_discard_page_requests(dev);
}

/* A domain that a PASID no longer uses may be freed: not under a handler. */
void iommu_flush_page_faults(struct device *dev)
{
	if (dev->iommu && dev->iommu->page_fault_handler)
		flush_workqueue(page_fault_wq);
}

/**
 * iommu_set_page_fault_handler - let a device's faults wait for an answer, or it
 *				  ask for pages
 * @dev: behind an IOMMU; its node says dma-can-stall, or it is of PCI and has
 *	 page requests
 * @handler: called in a thread, for one fault after the other: it may map and
 *	     unmap in the domain, and sleep; it must not attach, nor call this
 *	     function. NULL to stop: on return it is no longer running, and what
 *	     waited is answered
 * @data: passed to it
 *
 * Return: 0; -ENODEV without an IOMMU; -EBUSY if there is a handler; -EOPNOTSUPP
 * if the device or the IOMMU cannot wait; -ENOMEM; or the IOMMU driver's error.
 */
int iommu_set_page_fault_handler(struct device *dev,
				 iommu_page_fault_handler_t handler,
				 void *data)
{
	bool had = false;
	int ret = 0;

	mutex_lock(&iommu_mutex);
	if (!dev->iommu) {
		ret = -ENODEV;
	} else if (handler) {
		ret = start_page_faults(dev, handler, data);
	} else {
		had = dev->iommu->page_fault_handler;
		put_handler(dev->iommu, NULL, NULL);
		if (had)
			ret = dev->iommu->iommu->ops->set_stall(dev, false);
	}
	mutex_unlock(&iommu_mutex);
	if (had)
		finish_page_faults(dev);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_set_page_fault_handler);

void iommu_drop_fault_handlers(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev->iommu;
	bool had = fwspec->page_fault_handler;
	unsigned long flags;

	spin_lock_irqsave(&fault_lock, flags);
	fwspec->fault_handler = NULL;
	fwspec->page_fault_handler = NULL;
	spin_unlock_irqrestore(&fault_lock, flags);
	/* The IOMMU ends what comes from now on. */
	if (had && fwspec->can_request) {
		mutex_lock(&iommu_mutex);
		fwspec->iommu->ops->set_stall(dev, false);
		mutex_unlock(&iommu_mutex);
	}
	if (had)
		finish_page_faults(dev);
}
