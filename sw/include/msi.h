/* SPDX-License-Identifier: MIT */
/* Message-signalled interrupts: a device writes a value to an address. */
#ifndef MSI_H
#define MSI_H

#include <list.h>
#include <types.h>

struct device;
struct device_node;

struct msi_msg {
	u32 address_lo;
	u32 address_hi;
	u32 data;
};

/* One MSI of a device. */
struct msi_desc {
	struct list_head node;
	struct device *dev;
	unsigned int index;	/* the device's own numbers, from 0 */
	unsigned int irq;
	struct msi_msg msg;
	/* private */
	struct msi_controller *controller;
	unsigned int slot;
};

/* The device's driver programs the message into the device. */
typedef void (*irq_write_msi_msg_t)(struct msi_desc *desc,
				    struct msi_msg *msg);

/**
 * platform_msi_domain_alloc_irqs() - Get MSIs for a device.
 * @nvec: all of them, or none
 * @write_msi_msg: called once for each; threads only
 *
 * From the controller that msi-parent of the device's node names. Who writes
 * behind an IOMMU needs the address mapped: that is the IOMMU layer's part.
 *
 * Return: 0; -EINVAL; -ENODEV: msi-parent is absent or wrong; -EPROBE_DEFER:
 *	the controller is not there yet; -ENOSPC: it has no @nvec left; -EEXIST: the
 *	device has some already; -ENOMEM.
 */
int platform_msi_domain_alloc_irqs(struct device *dev, unsigned int nvec,
				   irq_write_msi_msg_t write_msi_msg);
/* Behind free_irq() of each. */
void platform_msi_domain_free_irqs(struct device *dev);
/* The interrupt of number @index, for request_irq(); -ENOENT. */
int msi_get_virq(struct device *dev, unsigned int index);

/**
 * struct msi_controller - What writes go to.
 * @np: its node
 * @num: how many interrupts it can raise
 * @map: the interrupt number of one of them, or an error, and its message
 */
struct msi_controller {
	struct device_node *np;
	unsigned int num;
	int (*map)(struct msi_controller *c, unsigned int n,
		   struct msi_msg *msg);
	/* private */
	struct list_head node;
	unsigned long *used;
};

/* Stays for ever. */
int msi_controller_add(struct msi_controller *c);

#endif
