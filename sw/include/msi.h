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
 * From the controller that msi-parent of the device's node names. For a device
 * behind an IOMMU the address is mapped, at itself, in its DMA domain; in a
 * domain of a driver's own that is the driver's part (iommu_map_msi()).
 *
 * Return: 0; -EINVAL; -ENODEV: msi-parent is absent or wrong; -EPROBE_DEFER:
 *	the controller is not there yet; -ENOSPC: it has no @nvec left; -EEXIST: the
 *	device has some already; -EBUSY: the address is used by other DMA; -ENOMEM.
 */
int platform_msi_domain_alloc_irqs(struct device *dev, unsigned int nvec,
				   irq_write_msi_msg_t write_msi_msg);
/**
 * msi_domain_alloc_irqs() - Get MSIs for a device of another bus.
 * @controller: whom the bus names
 * @row: their data are in a row, which begins at a multiple of @nvec, a power
 *	of two
 *
 * Else as platform_msi_domain_alloc_irqs().
 */
int msi_domain_alloc_irqs(struct device *dev, struct device_node *controller,
			  unsigned int nvec, bool row,
			  irq_write_msi_msg_t write_msi_msg);
/* Behind free_irq() of each. */
void platform_msi_domain_free_irqs(struct device *dev);
/* The interrupt of number @index, for request_irq(); -ENOENT. */
int msi_get_virq(struct device *dev, unsigned int index);

/**
 * struct msi_controller - What writes go to.
 * @np: its node
 * @num: how many interrupts it can raise
 * @doorbell: where their messages go
 * @first_data: what the first of them writes; the others follow
 * @map: the interrupt number of one of them, or an error
 */
struct msi_controller {
	struct device_node *np;
	unsigned int num;
	phys_addr_t doorbell;
	u32 first_data;
	int (*map)(struct msi_controller *c, unsigned int n);
	/* private */
	struct list_head node;
	unsigned long *used;
};

/* Stays for ever. */
int msi_controller_add(struct msi_controller *c);
/* Where messages go: each controller's, until @fn returns non-zero. */
int msi_for_each_doorbell(int (*fn)(phys_addr_t doorbell, void *data),
			  void *data);
/* Those that messages of @dev go to; several may be the same. */
int msi_for_each_doorbell_of(const struct device *dev,
			     int (*fn)(phys_addr_t doorbell, void *data),
			     void *data);

#endif
