// SPDX-License-Identifier: MIT
/* Interrupts (IHI 0062 3.6), and answers to accesses that wait (3.7.3). */

#include "arm-smmu.h"

#include <interrupt.h>
#include <ktime.h>
#include <of.h>
#include <platform_device.h>

/*
 * A device that faults all the time must not bury the console: so many faults
 * are shown a second, and not too many of one visit.
 */
#define SHOWN_PER_SECOND	64
#define SHOWN_PER_VISIT		8
/* Faults of one visit; what comes faster raises the interrupt again. */
#define BUDGET			64

/* What answers a fault: the bank, and which of its users it was for. */
#define TAG_BANK		GENMASK(7, 0)
#define TAG_GENERATION		GENMASK(31, 8)

static u32 tag_of(const struct smmu2_bank *bank)
{
	return (u32)(FIELD_PREP(TAG_BANK, (u64)bank->index) |
		     FIELD_PREP(TAG_GENERATION, (u64)bank->generation));
}

/* The first or the next (after @prev) device of a stream; with fault_lock. */
static struct smmu2_master *find_master(struct smmu2_device *smmu, u32 sid,
					struct smmu2_master *prev)
{
	struct smmu2_master *master;
	bool on = !prev;

	list_for_each_entry(master, &smmu->masters, node) {
		if (on && smmu2_has_stream(master, sid))
			return master;
		on |= master == prev;
	}
	return NULL;
}

static const char *client_name(const struct smmu2_master *master)
{
	return master ? dev_name(master->dev) : "none";
}

static bool may_show(struct smmu2_device *smmu)
{
	u64 now = ktime_get_ns();

	if (now - smmu->shown_since >= NSEC_PER_SEC) {
		smmu->shown_since = now;
		smmu->shown = 0;
	}
	if (smmu->shown >= SHOWN_PER_SECOND ||
	    smmu->shown_visit >= SHOWN_PER_VISIT) {
		smmu->hidden++;
		return false;
	}
	if (smmu->hidden)
		dev_err(smmu->dev, "%u faults before this one not shown\n",
			smmu->hidden);
	smmu->hidden = 0;
	smmu->shown++;
	smmu->shown_visit++;
	return true;
}

/* A stream may be shared: its devices are one group. */
static void tell_all(struct smmu2_device *smmu, const struct iommu_fault *fault)
{
	struct smmu2_master *m = NULL;

	while ((m = find_master(smmu, fault->sid, m)))
		iommu_report_device_fault(m->dev, fault);
}

static bool read_context(struct smmu2_bank *bank,
			 struct smmu2_context_fault *f)
{
	u8 __iomem *cb = smmu2_cb(bank->smmu, bank->index);

	f->fsr = readl(cb + SMMU_CB_FSR);
	if (!(f->fsr & (FSR_FAULTS | FSR_SS)))
		return false;
	f->bank = bank->index;
	f->stage2 = FIELD_GET(CBAR_TYPE, bank->regs.cbar) == CBAR_TYPE_S2;
	f->fsynr0 = readl(cb + SMMU_CB_FSYNR0);
	f->far = readq(cb + SMMU_CB_FAR);
	/* SMMUv1 has none, and does not nest differently (17.3.2). */
	f->ipafar = f->stage2 && bank->smmu->model->version == SMMU2_V2 ?
		    readq(cb + SMMU_CB_IPAFAR) : 0;
	f->cbfrsynra = readl(smmu2_gr1(bank->smmu) +
			     SMMU_CBFRSYNRA(bank->index));
	return true;
}

/*
 * The access that waits goes to whoever can repair what it lacks. Until it is
 * answered nothing else is recorded here, and whether SS alone raises the
 * interrupt is for the SMMU to choose (3.6.3): CFIE is off so long.
 */
static bool hand_over(struct smmu2_bank *bank, struct iommu_fault *fault)
{
	struct smmu2_device *smmu = bank->smmu;
	struct smmu2_master *m = NULL;
	u8 __iomem *cb = smmu2_cb(smmu, bank->index);

	fault->tag = tag_of(bank);
	/* Before the answer can come. */
	bank->stalled = true;
	writel(readl(cb + SMMU_CB_SCTLR) & ~(u32)SCTLR_CFIE,
	       cb + SMMU_CB_SCTLR);
	while ((m = find_master(smmu, fault->sid, m)))
		if (iommu_report_page_fault(m->dev, fault)) {
			smmu->stalled_faults++;
			return true;
		}
	return false;
}

static void handle_context(struct smmu2_bank *bank,
			   const struct smmu2_context_fault *f)
{
	struct smmu2_device *smmu = bank->smmu;
	struct iommu_fault fault;
	char buf[256];

	smmu->faults++;
	smmu2_read_context_fault(f, &fault);
	if (bank->dom->split)
		smmu2_note_gpu_fault(bank->dom, f);
	/* Clear, then answer: otherwise the retry is a second fault (16.5.28). */
	writel(f->fsr & (u32)FSR_FAULTS,
	       smmu2_cb(smmu, bank->index) + SMMU_CB_FSR);
	/* Whoever takes it may repair it: then it is none worth a line. */
	if (fault.stalled && hand_over(bank, &fault))
		return;
	if (may_show(smmu)) {
		smmu2_format_context_fault(buf, sizeof(buf), f,
					   client_name(find_master(smmu,
								   fault.sid,
								   NULL)));
		dev_err(smmu->dev, "%s\n", buf);
	}
	tell_all(smmu, &fault);
	if (fault.stalled)
		smmu2_bank_resume(bank, RESUME_TERMINATE);
}

/**
 * smmu2_handle_bank - handle what a context bank has recorded
 * @bank: any
 *
 * Return: whether there was anything.
 */
bool smmu2_handle_bank(struct smmu2_bank *bank)
{
	struct smmu2_device *smmu = bank->smmu;
	struct smmu2_context_fault f;
	unsigned int budget = BUDGET;
	unsigned long flags;
	bool any = false;

	spin_lock_irqsave(&smmu->fault_lock, flags);
	smmu->shown_visit = 0;
	while (budget-- && bank->dom && !bank->stalled &&
	       read_context(bank, &f)) {
		handle_context(bank, &f);
		any = true;
	}
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
	return any;
}

/* A device that is blocked is refused, and that is what was asked for. */
static bool is_blocked(const struct smmu2_master *master, u32 gfsr)
{
	return master && master->domain &&
	       master->domain->stage == SMMU2_FAULT &&
	       !(gfsr & ~(u32)(GFSR_ICF | GFSR_MULTI));
}

static void handle_global(struct smmu2_device *smmu,
			  const struct smmu2_global_fault *f)
{
	struct smmu2_master *master;
	struct iommu_fault fault;
	char buf[192];

	smmu->global_faults++;
	smmu2_read_global_fault(f, &fault);
	/* These have no StreamID. */
	if (f->gfsr & (GFSR_CAF | GFSR_EF)) {
		if (may_show(smmu)) {
			smmu2_format_global_fault(buf, sizeof(buf), f, "none");
			dev_err(smmu->dev, "%s\n", buf);
		}
		return;
	}
	master = find_master(smmu, fault.sid, NULL);
	if (is_blocked(master, f->gfsr))
		return;
	if (may_show(smmu)) {
		smmu2_format_global_fault(buf, sizeof(buf), f,
					  client_name(master));
		dev_err(smmu->dev, "%s\n", buf);
	}
	tell_all(smmu, &fault);
}

/**
 * smmu2_handle_global - handle what the global registers have recorded
 * @smmu: the SMMU
 *
 * Return: whether there was anything.
 */
bool smmu2_handle_global(struct smmu2_device *smmu)
{
	u8 __iomem *gr0 = smmu2_gr0(smmu);
	struct smmu2_global_fault f;
	unsigned int budget = BUDGET;
	unsigned long flags;
	bool any = false;

	spin_lock_irqsave(&smmu->fault_lock, flags);
	smmu->shown_visit = 0;
	while (budget--) {
		f.gfsr = readl(gr0 + SMMU_GFSR);
		if (!f.gfsr)
			break;
		f.gfsynr0 = readl(gr0 + SMMU_GFSYNR0);
		f.gfsynr1 = readl(gr0 + SMMU_GFSYNR1);
		f.gfar = readq(gr0 + SMMU_GFAR);
		writel(f.gfsr, gr0 + SMMU_GFSR);
		handle_global(smmu, &f);
		any = true;
	}
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
	return any;
}

/* iommu_ops.page_response() */
void smmu2_page_response(struct device *dev, const struct iommu_fault *fault,
			 enum iommu_page_response response)
{
	struct smmu2_master *master = dev->iommu->priv;
	struct smmu2_device *smmu = master->smmu;
	struct smmu2_bank *bank =
		&smmu->banks[FIELD_GET(TAG_BANK, fault->tag)];
	unsigned long flags;

	spin_lock_irqsave(&smmu->fault_lock, flags);
	/* The bank may have been closed meanwhile, and used again. */
	if (bank->stalled && tag_of(bank) == fault->tag)
		smmu2_bank_resume(bank, response == IOMMU_PAGE_RETRY ?
				  RESUME_RETRY : RESUME_TERMINATE);
	spin_unlock_irqrestore(&smmu->fault_lock, flags);
}

static irqreturn_t global_irq(int irq, void *data)
{
	(void)irq;
	return smmu2_handle_global(data) ? IRQ_HANDLED : IRQ_NONE;
}

static irqreturn_t context_irq(int irq, void *data)
{
	(void)irq;
	return smmu2_handle_bank(data) ? IRQ_HANDLED : IRQ_NONE;
}

/* Where banks may share a line CBAR says which they have (3.6.2). */
u32 smmu2_irptndx(const struct smmu2_bank *bank)
{
	const struct smmu2_device *smmu = bank->smmu;

	if (!smmu->numirpt || !smmu->num_context_irqs)
		return 0;
	return (u32)FIELD_PREP(CBAR_IRPTNDX, (u64)(bank->index %
						   smmu->num_context_irqs));
}

/**
 * smmu2_bank_has_irq - whether a context bank's faults come to notice
 * @bank: any
 *
 * The list of the device tree has no names: its entries are of the first banks.
 *
 * Return: it has an interrupt, of its own or shared.
 */
bool smmu2_bank_has_irq(const struct smmu2_bank *bank)
{
	const struct smmu2_device *smmu = bank->smmu;

	return bank->index < smmu->num_context_irqs ||
	       (smmu->numirpt && smmu->num_context_irqs);
}

/* Several entries may be one line, and several SMMUs may share it. */
static int request(struct smmu2_device *smmu, unsigned int index,
		   const char *name, irq_handler_t handler, void *data)
{
	int irq = platform_get_irq(to_platform_device(smmu->dev), index);
	const char *label;

	if (irq < 0)
		return irq;
	label = devm_kasprintf(smmu->dev, GFP_KERNEL, "%s %s",
			       dev_name(smmu->dev), name);
	return label ? devm_request_irq(smmu->dev, (unsigned int)irq, handler,
					IRQF_SHARED, label, data) : -ENOMEM;
}

/* Of each bank its own line, or as many lines as there are for all. */
static int request_contexts(struct smmu2_device *smmu)
{
	unsigned int n, lines = smmu->num_context_irqs;
	int ret;

	for (n = 0; n < smmu->num_banks; n++) {
		if (!smmu2_bank_has_irq(&smmu->banks[n])) {
			dev_warn(smmu->dev, "%u context interrupts for %u context banks: faults of banks from %u on are not reported\n",
				 lines, smmu->num_banks, n);
			break;
		}
		ret = request(smmu, smmu->num_global_irqs + n % lines,
			      "context", context_irq, &smmu->banks[n]);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * smmu2_setup_irqs - request the interrupts that the device tree describes
 * @smmu: its interrupts are off
 *
 * "#global-interrupts" of them are for global faults, and come first (binding
 * arm,smmu). Faults of what has none are not reported, which is said once, but
 * translation works.
 *
 * Return: 0 or -errno.
 */
int smmu2_setup_irqs(struct smmu2_device *smmu)
{
	int count = platform_irq_count(to_platform_device(smmu->dev));
	unsigned int i, lines = count > 0 ? (unsigned int)count : 0;
	int ret = 0;

	if (count == -EPROBE_DEFER)
		return count;
	if (of_property_read_u32(smmu->dev->of_node, "#global-interrupts",
				 &smmu->num_global_irqs)) {
		smmu->num_global_irqs = min(lines, 1u);
		dev_warn(smmu->dev, "has no #global-interrupts: %u is assumed\n",
			 smmu->num_global_irqs);
	}
	if (smmu->num_global_irqs > lines) {
		dev_err(smmu->dev, "#global-interrupts is %u, there are %u interrupts\n",
			smmu->num_global_irqs, lines);
		return -EINVAL;
	}
	if (!smmu->num_global_irqs)
		dev_warn(smmu->dev, "no global interrupts: global faults are not reported\n");
	smmu->num_context_irqs = lines - smmu->num_global_irqs;
	if (smmu->numirpt)
		smmu->num_context_irqs = min(smmu->num_context_irqs,
					     smmu->numirpt);
	for (i = 0; i < smmu->num_global_irqs && !ret; i++)
		ret = request(smmu, i, "global", global_irq, smmu);
	return ret ? ret : request_contexts(smmu);
}
