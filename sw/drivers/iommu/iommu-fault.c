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

struct page_fault {
	struct work_struct work;
	struct device *dev;
	struct iommu_fault fault;
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

static void handle_page_fault(struct work_struct *work)
{
	struct page_fault *pf = container_of(work, struct page_fault, work);
	struct iommu_fwspec *fwspec = pf->dev->iommu;
	enum iommu_page_response response = IOMMU_PAGE_ABORT;
	iommu_page_fault_handler_t handler;
	struct iommu_domain *domain;
	unsigned long flags;
	void *data;

	spin_lock_irqsave(&fault_lock, flags);
	handler = fwspec->page_fault_handler;
	data = fwspec->page_fault_data;
	spin_unlock_irqrestore(&fault_lock, flags);
	domain = iommu_get_domain_pasid(pf->dev, pf->fault.ssid_valid ?
					pf->fault.ssid : IOMMU_NO_PASID);
	if (handler && domain)
		response = handler(pf->dev, domain, &pf->fault, data);
	fwspec->iommu->ops->page_response(pf->dev, &pf->fault, response);
	kfree(pf);
}

/**
 * iommu_report_page_fault - hand a waiting access to a device's driver
 * @dev: the device that the fault's stream belongs to
 * @fault: all that is known; @fault->tag is for iommu_ops.page_response()
 *
 * In any context.
 *
 * Return: true if it will be answered; false: nobody takes it.
 */
bool iommu_report_page_fault(struct device *dev,
			     const struct iommu_fault *fault)
{
	struct page_fault *pf = kzalloc(sizeof(*pf), GFP_ATOMIC);
	struct iommu_fwspec *fwspec;
	unsigned long flags;
	bool taken;

	if (!pf)
		return false;
	pf->dev = dev;
	pf->fault = *fault;
	INIT_WORK(&pf->work, handle_page_fault);
	/* Who takes the handler away waits for what is queued till then. */
	spin_lock_irqsave(&fault_lock, flags);
	fwspec = dev->iommu;
	taken = fwspec && fwspec->page_fault_handler &&
		queue_work(page_fault_wq, &pf->work);
	spin_unlock_irqrestore(&fault_lock, flags);
	if (!taken)
		kfree(pf);
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

static int start_page_faults(struct device *dev,
			     iommu_page_fault_handler_t handler, void *data)
{
	const struct iommu_ops *ops = dev->iommu->iommu->ops;
	int ret;

	if (!ops->set_stall || !ops->page_response || !dev->iommu->can_stall)
		return -EOPNOTSUPP;
	if (!page_fault_wq)
		page_fault_wq = alloc_ordered_workqueue("iommu-faults", 0);
	if (!page_fault_wq)
		return -ENOMEM;
	if (!put_handler(dev->iommu, handler, data))
		return -EBUSY;
	ret = ops->set_stall(dev, true);
	if (ret)
		put_handler(dev->iommu, NULL, NULL);
	return ret;
}

/**
 * iommu_set_page_fault_handler - let a device's faults wait for an answer
 * @dev: behind an IOMMU; its node says dma-can-stall
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
	/* The handler may be waiting for the mutex. */
	if (had)
		flush_workqueue(page_fault_wq);
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
	if (had)
		flush_workqueue(page_fault_wq);
}
