// SPDX-License-Identifier: MIT
/* testdev on PCI (docs/pcie.md): its registers are in BAR 0, its one stream is
 * the function's own, and its interrupts are messages if they can be.
 */

#include "testdev-dma.h"

#include <module.h>
#include <pci.h>
#include <sizes.h>

#define REGS_BAR	0
#define REGS_SIZE	SZ_4K
/* Done, and what went wrong: frames of messages are small. */
#define NUM_MESSAGES	2

static int request_irqs(struct pci_dev *pdev, struct testdev *td)
{
	int n = pci_alloc_irq_vectors(pdev, 1, NUM_MESSAGES,
				      PCI_IRQ_ALL_TYPES), i, ret = 0;

	if (n < 0)
		return dev_err_probe(&pdev->dev, n, "has no interrupt\n");
	td->messages = pci_irq_is_message(pdev);
	for (i = 0; i < n && !ret; i++)
		ret = devm_request_irq(&pdev->dev,
				       (unsigned int)pci_irq_vector(pdev,
						(unsigned int)i),
				       td_irq, IRQF_SHARED,
				       dev_name(&pdev->dev), td);
	return ret;
}

static int td_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct testdev *td;
	int ret;

	(void)id;
	td = devm_kzalloc(dev, sizeof(*td), GFP_KERNEL);
	if (!td)
		return -ENOMEM;
	td->dev = dev;
	td->plain = true;
	pci_set_drvdata(pdev, td);
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	td->base = pcim_iomap(pdev, REGS_BAR, REGS_SIZE);
	if (IS_ERR(td->base))
		return (int)PTR_ERR(td->base);
	ret = td_setup(td);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = request_irqs(pdev, td);
	return ret ? ret : td_open(td);
}

static void td_pci_remove(struct pci_dev *pdev)
{
	td_close(pci_get_drvdata(pdev));
}

static const struct pci_device_id td_pci_ids[] = {
	{ PCI_DEVICE(0x1af4, 0x10f0) },
	{ }
};
MODULE_DEVICE_TABLE(pci, td_pci_ids);

static struct pci_driver td_pci_driver = {
	.name = "testdev-dma",
	.id_table = td_pci_ids,
	.probe = td_pci_probe,
	.remove = td_pci_remove,
};

int td_pci_register(void)
{
	return pci_register_driver(&td_pci_driver);
}

void td_pci_unregister(void)
{
	pci_unregister_driver(&td_pci_driver);
}
