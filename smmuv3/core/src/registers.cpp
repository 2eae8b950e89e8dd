#include "smmuvp/smmuv3/registers.h"

#include <algorithm>
#include <string_view>

#include "smmuvp/base/fields.h"
#include "smmuvp/smmuv3/mpam.h"
#include "smmuvp/smmuv3/register_fields.h"

namespace smmuvp::smmuv3 {

namespace {

// SMMU_S_*. Ids are those of what they are the counterparts of.
struct SecureRow {
  const char* name;
  std::uint32_t offset;
  std::uint8_t bytes;
  const char* clause;
};
constexpr SecureRow secure_rows[] = {
    {"SMMU_S_IDR0", 0x8000, 4, "IHI 0070 6.3.52"},
    {"SMMU_S_IDR1", 0x8004, 4, "IHI 0070 6.3.53"},
    {"SMMU_S_IDR2", 0x8008, 4, "IHI 0070 6.3.54"},
    {"SMMU_S_IDR3", 0x800c, 4, "IHI 0070 6.3.55"},
    {"SMMU_S_IDR4", 0x8010, 4, "IHI 0070 6.3.56"},
    {"SMMU_S_CR0", 0x8020, 4, "IHI 0070 6.3.57"},
    {"SMMU_S_CR0ACK", 0x8024, 4, "IHI 0070 6.3.58"},
    {"SMMU_S_CR1", 0x8028, 4, "IHI 0070 6.3.59"},
    {"SMMU_S_CR2", 0x802c, 4, "IHI 0070 6.3.60"},
    {"SMMU_S_S2PII", 0x8030, 8, "IHI 0070 6.3.61"},
    {"SMMU_S_INIT", 0x803c, 4, "IHI 0070 6.3.62"},
    {"SMMU_S_GBPA", 0x8044, 4, "IHI 0070 6.3.63"},
    {"SMMU_S_AGBPA", 0x8048, 4, "IHI 0070 6.3.64"},
    {"SMMU_S_IRQ_CTRL", 0x8050, 4, "IHI 0070 6.3.65"},
    {"SMMU_S_IRQ_CTRLACK", 0x8054, 4, "IHI 0070 6.3.66"},
    {"SMMU_S_GERROR", 0x8060, 4, "IHI 0070 6.3.67"},
    {"SMMU_S_GERRORN", 0x8064, 4, "IHI 0070 6.3.68"},
    {"SMMU_S_GERROR_IRQ_CFG0", 0x8068, 8, "IHI 0070 6.3.69"},
    {"SMMU_S_GERROR_IRQ_CFG1", 0x8070, 4, "IHI 0070 6.3.70"},
    {"SMMU_S_GERROR_IRQ_CFG2", 0x8074, 4, "IHI 0070 6.3.71"},
    {"SMMU_S_STRTAB_BASE", 0x8080, 8, "IHI 0070 6.3.72"},
    {"SMMU_S_STRTAB_BASE_CFG", 0x8088, 4, "IHI 0070 6.3.73"},
    {"SMMU_S_CMDQ_BASE", 0x8090, 8, "IHI 0070 6.3.74"},
    {"SMMU_S_CMDQ_PROD", 0x8098, 4, "IHI 0070 6.3.75"},
    {"SMMU_S_CMDQ_CONS", 0x809c, 4, "IHI 0070 6.3.76"},
    {"SMMU_S_EVENTQ_BASE", 0x80a0, 8, "IHI 0070 6.3.77"},
    {"SMMU_S_EVENTQ_PROD", 0x80a8, 4, "IHI 0070 6.3.78"},
    {"SMMU_S_EVENTQ_CONS", 0x80ac, 4, "IHI 0070 6.3.79"},
    {"SMMU_S_EVENTQ_IRQ_CFG0", 0x80b0, 8, "IHI 0070 6.3.80"},
    {"SMMU_S_EVENTQ_IRQ_CFG1", 0x80b8, 4, "IHI 0070 6.3.81"},
    {"SMMU_S_EVENTQ_IRQ_CFG2", 0x80bc, 4, "IHI 0070 6.3.82"},
    {"SMMU_S_GATOS_CTRL", 0x8100, 4, "IHI 0070 6.3.83"},
    {"SMMU_S_GATOS_SID", 0x8108, 8, "IHI 0070 6.3.84"},
    {"SMMU_S_GATOS_ADDR", 0x8110, 8, "IHI 0070 6.3.85"},
    {"SMMU_S_GATOS_PAR", 0x8118, 8, "IHI 0070 6.3.86"},
    {"SMMU_S_MPAMIDR", 0x8130, 4, "IHI 0070 6.3.87"},
    {"SMMU_S_GMPAM", 0x8138, 4, "IHI 0070 6.3.88"},
    {"SMMU_S_GBPMPAM", 0x813c, 4, "IHI 0070 6.3.89"},
    {"SMMU_S_VATOS_SEL", 0x8180, 4, "IHI 0070 6.3.90"},
    {"SMMU_S_IDR6", 0x8190, 4, "IHI 0070 6.3.91"},
};

// 6.3.42, 6.3.43, 6.3.88, 6.3.89: with MPAM_NS, which the same write may set, those of the other space.
std::uint32_t gmpam_fields(const Features& f, SecSid sec_sid) {
  if (!f.MPAM) return 0;
  std::uint32_t fields = GMPAM_Update | (sec_sid == SecSid::secure && f.HAS_MPAM_NS ? GMPAM_MPAM_NS : 0U);
  for (const bool MPAM_NS : {false, true}) {
    const MpamSpace space = MpamSpace::of(f, sec_sid, MPAM_NS);
    fields |= mpam_bits(space.PMG_MAX) << GMPAM_PMG_shift | mpam_bits(space.PARTID_MAX);
  }
  return fields;
}

// The Secure counterpart of a Non-secure register: none of those of Page 1 has its own page (6.1).
const SecureRow* secure_row(const RegisterInfo& info) {
  const std::uint32_t offset = secure_first + (info.offset & 0xffffU);
  for (const SecureRow& row : secure_rows) {
    if (row.offset == offset) return &row;
  }
  return nullptr;
}

// What a Secure register has other than its counterpart.
void make_secure(RegisterInfo& info, const Features& f, const IdRegisters& id) {
  switch (info.id) {
    case SMMU_IDR0:
      info.reset = id.S_IDR0;
      break;
    case SMMU_IDR1:
      info.reset = id.S_IDR1;
      break;
    case SMMU_IDR3:
      info.reset = id.S_IDR3;
      break;
    case SMMU_IDR6:
      info.reset = id.S_IDR6;
      break;
    case SMMU_IDR2:
      info.reset = id.S_IDR2;
      break;
    case SMMU_IDR4:
      info.reset = 0;
      break;
    case SMMU_CR0:
      info.write_mask = cr0_fields(f, SecSid::secure);
      break;
    case SMMU_IRQ_CTRL:  // 3.10: there is no Secure PRI queue
      info.write_mask &= ~std::uint64_t{IRQ_CTRL_PRIQ_IRQEN};
      break;
    case SMMU_GERRORN:
      info.write_mask &= ~std::uint64_t{GERROR_PRIQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR};
      break;
    case SMMU_CR2:
      info.write_mask = CR2_RECINVSID | (f.SEL2 ? CR2_E2H : 0U) | (f.BTM ? CR2_PTM : 0U);
      break;
    case SMMU_GBPA:
      if (f.ATTR_PERMS_OVR) info.write_mask |= GBPA_NSCFG.in_word();
      break;
    case SMMU_MPAMIDR:
      info.reset = id.S_MPAMIDR;
      break;
    case SMMU_GMPAM:
    case SMMU_GBPMPAM:
      info.write_mask = gmpam_fields(f, SecSid::secure);
      break;
    case SMMU_GATOS_SID:
      if (f.ATOS) info.write_mask |= GATOS_SID_SSEC.in_word();
      break;
    case SMMU_GATOS_ADDR:
      if (f.ATOS && f.SEL2) info.write_mask |= GATOS_ADDR_NS.in_word();
      break;
    default:
      break;
  }
}

// RES0 to everybody, and RAZ/WI to Non-secure accesses at that.
void add_res0(const SecureRow& row, std::uint16_t& next, std::vector<RegisterInfo>& to) {
  RegisterInfo info{next++, row.name, row.offset, row.bytes, smmuvp::Access::RO, 0, 0, row.clause};
  info.bank = SecurityBank::SecureOnly;
  to.push_back(info);
}

bool has(const std::vector<RegisterInfo>& table, const SecureRow& row) {
  for (const RegisterInfo& info : table) {
    if (info.offset == row.offset) return true;
  }
  return false;
}

// What is beyond the sizes of StreamID and SubstreamID is RES0 (6.3.38, 6.3.84). Secure software may name a
// stream of either state.
std::uint64_t atos_sid(const Features& f, SecSid sec_sid) {
  const unsigned bits = sec_sid == SecSid::secure ? std::max(f.SIDSIZE, f.S_SIDSIZE) : unsigned{f.SIDSIZE};
  return low_bits(bits) | low_bits(f.SSIDSIZE) << 32 | (f.SSIDSIZE != 0 ? GATOS_SID_SSID_VALID.in_word() : 0);
}

// 6.2.3, 6.2.4: (S_)VATOS_SEL of Page 0, and the page of the others.
void add_vatos(const Features& f, SecSid sec_sid, std::vector<RegisterInfo>& to) {
  const bool secure = sec_sid == SecSid::secure;
  const std::uint32_t page = f.vatos_page(sec_sid);
  const std::uint64_t vmid = low_bits(f.VMID16 ? 16 : 8);
  const std::uint64_t SSEC = secure ? GATOS_SID_SSEC.in_word() : 0;  // RES1
  using enum smmuvp::Access;
  RegisterInfo SEL = {SMMU_VATOS_SEL, "SMMU_VATOS_SEL", 0x180, 4, RW, 0, vmid, "IHI 0070 6.3.44"};
  RegisterInfo CTRL = {SMMU_VATOS_CTRL, "SMMU_VATOS_CTRL", page + 0xa00, 4, RW, 0,
                       GATOS_CTRL_RUN,  "IHI 0070 6.3.99"};
  RegisterInfo SID = {SMMU_VATOS_SID, "SMMU_VATOS_SID",     page + 0xa08,      8, RW,
                      SSEC,           atos_sid(f, sec_sid), "IHI 0070 6.3.100"};
  RegisterInfo ADDR = {SMMU_VATOS_ADDR, "SMMU_VATOS_ADDR", page + 0xa10, 8, RW, 0,
                       ~low_bits(6),    "IHI 0070 6.3.101"};
  RegisterInfo PAR = {SMMU_VATOS_PAR, "SMMU_VATOS_PAR", page + 0xa18, 8, RO, 0, 0, "IHI 0070 6.3.102"};
  if (secure) {
    SEL.name = "SMMU_S_VATOS_SEL", SEL.clause = "IHI 0070 6.3.90", SEL.offset += secure_first;
    CTRL.name = "SMMU_S_VATOS_CTRL", CTRL.clause = "IHI 0070 6.3.103";
    SID.name = "SMMU_S_VATOS_SID", SID.clause = "IHI 0070 6.3.104";
    ADDR.name = "SMMU_S_VATOS_ADDR", ADDR.clause = "IHI 0070 6.3.105";
    PAR.name = "SMMU_S_VATOS_PAR", PAR.clause = "IHI 0070 6.3.106";
  }
  for (RegisterInfo* info : {&SEL, &CTRL, &SID, &ADDR, &PAR}) {
    if (secure) info->bank = SecurityBank::SecureOnly;
    if (info != &PAR) {  // 6.3.37: ignored from SMMUv3.2 on, and permitted to be before
      info->guard = SMMU_VATOS_CTRL;
      info->guard_mask = GATOS_CTRL_RUN;
    }
    to.push_back(*info);
  }
}

// 6.2: RAZ/WI to Non-secure accesses.
std::vector<RegisterInfo> secure_table(const std::vector<RegisterInfo>& non_secure, const Features& f) {
  const IdRegisters id = id_registers(f);
  std::vector<RegisterInfo> t;
  for (RegisterInfo info : non_secure) {
    const SecureRow* row = secure_row(info);
    if (row == nullptr) continue;
    make_secure(info, f, id);
    info.name = row->name;
    info.offset = row->offset;
    info.bank = SecurityBank::SecureOnly;
    info.clause = row->clause;
    t.push_back(info);
  }
  if (f.has_vatos(SecSid::secure)) add_vatos(f, SecSid::secure, t);
  std::uint16_t next = SMMU_S_first;
  for (const SecureRow& row : secure_rows) {
    if (has(t, row)) continue;
    if (std::string_view(row.name) != "SMMU_S_INIT") {
      add_res0(row, next, t);
      continue;
    }
    RegisterInfo info{SMMU_S_INIT,        row.name, row.offset,     row.bytes,
                      smmuvp::Access::RW, 0,        S_INIT_INV_ALL, row.clause};
    info.bank = SecurityBank::SecureOnly;
    t.push_back(info);
  }
  return t;
}

}  // namespace

std::vector<RegisterInfo> register_table(const Features& f, SecSid sec_sid) {
  const IdRegisters id = id_registers(f);
  // ADDR fields: bits above the output address size are RES0 (6.3.24, 6.3.26, 6.3.29).
  const std::uint64_t table_addr = low_bits(f.OAS) & ~low_bits(6);
  const std::uint64_t queue_addr = low_bits(f.OAS) & ~low_bits(5);
  // Without MSIs the *_IRQ_CFGn registers are RES0.
  const std::uint64_t msi_addr = f.MSI ? low_bits(f.OAS) & ~low_bits(2) : 0;
  const std::uint64_t msi_data = f.MSI ? low_bits(32) : 0;
  const std::uint64_t msi_attributes = f.MSI ? low_bits(6) : 0;
  // Without IDR0.PRI the PRI queue's are, and so are these without MSIs (6.3.33 to 6.3.36, 6.3.97, 6.3.98).
  const bool pri_msi = f.PRI && f.MSI;
  const std::uint64_t pri_base = f.PRI ? BASE_hint | queue_addr | 0x1f : 0;
  const std::uint64_t pri_index = f.PRI ? QUEUE_OVFLG | 0xfffffULL : 0;
  // REC_CFG_ATS is RES0 without ATSRECERR, PTM without BTM; 1 is the reset value that 6.3.12 recommends.
  const std::uint32_t ptm = f.BTM ? CR2_PTM : 0U;
  const bool ats_errors = f.ATSRECERR && sec_sid == SecSid::non_secure;
  const std::uint32_t cr2 =
      CR2_RECINVSID | (f.Hyp ? CR2_E2H : 0U) | ptm | (ats_errors ? CR2_REC_CFG_ATS : 0U);
  const std::uint32_t cmdqp_err = f.ecmdqs(sec_sid).ECMDQ ? GERROR_CMDQP_ERR : 0U;
  // FMT and SPLIT exist with two-level tables only (6.3.25).
  const std::uint64_t strtab_cfg = f.ST_LEVEL != 0 ? 0x3'07ffULL : 0x3fULL;
  // IDR1.ATTR_*_OVR == 0: the override fields are RES0 here, one of the permitted choices (6.3.14).
  std::uint64_t gbpa = GBPA_Update | GBPA_ABORT;
  if (f.ATTR_PERMS_OVR) gbpa |= 0xf'0000;
  if (f.ATTR_TYPES_OVR) gbpa |= 0x3f1f;
  const std::uint64_t gbpa_reset =
      (f.GBPA_ABORT ? GBPA_ABORT : 0U) | (f.ATTR_TYPES_OVR ? 0x1000U : 0U);  // SHCFG: use incoming
  const std::uint32_t gmpam = gmpam_fields(f, SecSid::non_secure);

  using enum smmuvp::Access;
  std::vector<RegisterInfo> t = {
      {SMMU_IDR0, "SMMU_IDR0", 0x0, 4, RO, id.IDR0, 0, "IHI 0070 6.3.1"},
      {SMMU_IDR1, "SMMU_IDR1", 0x4, 4, RO, id.IDR1, 0, "IHI 0070 6.3.2"},
      {SMMU_IDR2, "SMMU_IDR2", 0x8, 4, RO, id.IDR2, 0, "IHI 0070 6.3.3"},
      {SMMU_IDR3, "SMMU_IDR3", 0xc, 4, RO, id.IDR3, 0, "IHI 0070 6.3.4"},
      {SMMU_IDR4, "SMMU_IDR4", 0x10, 4, RO, id.IDR4, 0, "IHI 0070 6.3.5"},
      {SMMU_IDR5, "SMMU_IDR5", 0x14, 4, RO, id.IDR5, 0, "IHI 0070 6.3.6"},
      {SMMU_IIDR, "SMMU_IIDR", 0x18, 4, RO, id.IIDR, 0, "IHI 0070 6.3.7"},
      {SMMU_AIDR, "SMMU_AIDR", 0x1c, 4, RO, id.AIDR, 0, "IHI 0070 6.3.8"},
      {SMMU_CR0, "SMMU_CR0", 0x20, 4, RW, 0, cr0_fields(f, sec_sid), "IHI 0070 6.3.9"},
      {SMMU_CR0ACK, "SMMU_CR0ACK", 0x24, 4, AckMirror, 0, 0, "IHI 0070 6.3.10"},
      {SMMU_CR1, "SMMU_CR1", 0x28, 4, RW, 0, CR1_TABLE | CR1_QUEUE, "IHI 0070 6.3.11"},
      {SMMU_CR2, "SMMU_CR2", 0x2c, 4, RW, ptm, cr2, "IHI 0070 6.3.12"},
      {SMMU_STATUSR, "SMMU_STATUSR", 0x40, 4, RO, 0, 0, "IHI 0070 6.3.13"},
      {SMMU_GBPA, "SMMU_GBPA", 0x44, 4, RW, gbpa_reset, gbpa, "IHI 0070 6.3.14"},
      {SMMU_AGBPA, "SMMU_AGBPA", 0x48, 4, RW, 0, 0, "IHI 0070 6.3.15"},
      {SMMU_IRQ_CTRL, "SMMU_IRQ_CTRL", 0x50, 4, RW, 0, irq_ctrl_fields(f), "IHI 0070 6.3.16"},
      {SMMU_IRQ_CTRLACK, "SMMU_IRQ_CTRLACK", 0x54, 4, AckMirror, 0, 0, "IHI 0070 6.3.17"},
      {SMMU_GERROR, "SMMU_GERROR", 0x60, 4, RO, 0, 0, "IHI 0070 6.3.19"},
      {SMMU_GERRORN, "SMMU_GERRORN", 0x64, 4, RW, 0, gerror_fields(f) | cmdqp_err, "IHI 0070 6.3.20"},
      {SMMU_GERROR_IRQ_CFG0, "SMMU_GERROR_IRQ_CFG0", 0x68, 8, RW, 0, msi_addr, "IHI 0070 6.3.21"},
      {SMMU_GERROR_IRQ_CFG1, "SMMU_GERROR_IRQ_CFG1", 0x70, 4, RW, 0, msi_data, "IHI 0070 6.3.22"},
      {SMMU_GERROR_IRQ_CFG2, "SMMU_GERROR_IRQ_CFG2", 0x74, 4, RW, 0, msi_attributes, "IHI 0070 6.3.23"},
      {SMMU_STRTAB_BASE, "SMMU_STRTAB_BASE", 0x80, 8, RW, 0, BASE_hint | table_addr, "IHI 0070 6.3.24"},
      {SMMU_STRTAB_BASE_CFG, "SMMU_STRTAB_BASE_CFG", 0x88, 4, RW, 0, strtab_cfg, "IHI 0070 6.3.25"},
      {SMMU_CMDQ_BASE, "SMMU_CMDQ_BASE", 0x90, 8, RW, 0, BASE_hint | queue_addr | 0x1f, "IHI 0070 6.3.26"},
      {SMMU_CMDQ_PROD, "SMMU_CMDQ_PROD", 0x98, 4, RW, 0, 0xfffff, "IHI 0070 6.3.27"},
      {SMMU_CMDQ_CONS, "SMMU_CMDQ_CONS", 0x9c, 4, RW, 0, 0xfffff, "IHI 0070 6.3.28"},
      {SMMU_EVENTQ_BASE, "SMMU_EVENTQ_BASE", 0xa0, 8, RW, 0, BASE_hint | queue_addr | 0x1f,
       "IHI 0070 6.3.29"},
      {SMMU_EVENTQ_IRQ_CFG0, "SMMU_EVENTQ_IRQ_CFG0", 0xb0, 8, RW, 0, msi_addr, "IHI 0070 6.3.30"},
      {SMMU_EVENTQ_IRQ_CFG1, "SMMU_EVENTQ_IRQ_CFG1", 0xb8, 4, RW, 0, msi_data, "IHI 0070 6.3.31"},
      {SMMU_EVENTQ_IRQ_CFG2, "SMMU_EVENTQ_IRQ_CFG2", 0xbc, 4, RW, 0, msi_attributes, "IHI 0070 6.3.32"},
      {SMMU_PRIQ_BASE, "SMMU_PRIQ_BASE", 0xc0, 8, RW, 0, pri_base, "IHI 0070 6.3.33"},
      {SMMU_PRIQ_IRQ_CFG0, "SMMU_PRIQ_IRQ_CFG0", 0xd0, 8, RW, 0, pri_msi ? msi_addr : 0, "IHI 0070 6.3.34"},
      {SMMU_PRIQ_IRQ_CFG1, "SMMU_PRIQ_IRQ_CFG1", 0xd8, 4, RW, 0, pri_msi ? msi_data : 0, "IHI 0070 6.3.35"},
      {SMMU_PRIQ_IRQ_CFG2, "SMMU_PRIQ_IRQ_CFG2", 0xdc, 4, RW, 0,
       pri_msi ? PRIQ_IRQ_CFG2_LO | msi_attributes : 0, "IHI 0070 6.3.36"},
      {SMMU_GATOS_CTRL, "SMMU_GATOS_CTRL", 0x100, 4, RW, 0, f.ATOS ? GATOS_CTRL_RUN : 0, "IHI 0070 6.3.37"},
      {SMMU_GATOS_SID, "SMMU_GATOS_SID", 0x108, 8, RW, 0, f.ATOS ? atos_sid(f, sec_sid) : 0,
       "IHI 0070 6.3.38"},
      {SMMU_GATOS_ADDR, "SMMU_GATOS_ADDR", 0x110, 8, RW, 0, f.ATOS ? ~low_bits(6) : 0, "IHI 0070 6.3.39"},
      {SMMU_GATOS_PAR, "SMMU_GATOS_PAR", 0x118, 8, RO, 0, 0, "IHI 0070 6.3.40"},
      {SMMU_MPAMIDR, "SMMU_MPAMIDR", 0x130, 4, RO, id.MPAMIDR, 0, "IHI 0070 6.3.41"},
      {SMMU_GMPAM, "SMMU_GMPAM", 0x138, 4, RW, 0, gmpam, "IHI 0070 6.3.42"},
      {SMMU_GBPMPAM, "SMMU_GBPMPAM", 0x13c, 4, RW, 0, gmpam, "IHI 0070 6.3.43"},
      {SMMU_EVENTQ_PROD, "SMMU_EVENTQ_PROD", 0x100a8, 4, RW, 0, EVENTQ_OVFLG | 0xfffff, "IHI 0070 6.3.95"},
      {SMMU_EVENTQ_CONS, "SMMU_EVENTQ_CONS", 0x100ac, 4, RW, 0, EVENTQ_OVFLG | 0xfffff, "IHI 0070 6.3.96"},
      {SMMU_PRIQ_PROD, "SMMU_PRIQ_PROD", 0x100c8, 4, RW, 0, pri_index, "IHI 0070 6.3.97"},
      {SMMU_PRIQ_CONS, "SMMU_PRIQ_CONS", 0x100cc, 4, RW, 0, pri_index, "IHI 0070 6.3.98"},
  };
  if (f.ecmdq.ECMDQ || f.s_ecmdq.ECMDQ) {
    t.push_back({SMMU_IDR6, "SMMU_IDR6", 0x190, 4, RO, id.IDR6, 0, "IHI 0070 6.3.45"});
  }
  // Guarded by the acknowledged value: a field in transition counts as its old value (6.3.9), and enabling
  // is acknowledged at once.
  const auto guard = [&](Reg id_of, std::uint32_t bits, Reg by = SMMU_CR0ACK) {
    for (RegisterInfo& r : t) {
      if (r.id != id_of) continue;
      r.guard = by;
      r.guard_mask = bits;
    }
  };
  guard(SMMU_CR2, CR0_SMMUEN);
  guard(SMMU_STRTAB_BASE, CR0_SMMUEN);
  guard(SMMU_STRTAB_BASE_CFG, CR0_SMMUEN);
  guard(SMMU_CMDQ_BASE, CR0_CMDQEN);
  guard(SMMU_CMDQ_CONS, CR0_CMDQEN);
  guard(SMMU_EVENTQ_BASE, CR0_EVENTQEN);
  guard(SMMU_EVENTQ_PROD, CR0_EVENTQEN);
  if (f.PRI) {  // 6.3.9.5: by PRIQEN itself, whatever SMMUEN makes of it
    guard(SMMU_PRIQ_BASE, CR0_PRIQEN);
    guard(SMMU_PRIQ_PROD, CR0_PRIQEN);
  }
  if (f.ATOS) {  // 6.3.37: ignored from SMMUv3.2 on, and permitted to be before
    for (const Reg id_of : {SMMU_GATOS_CTRL, SMMU_GATOS_SID, SMMU_GATOS_ADDR}) {
      guard(id_of, GATOS_CTRL_RUN, SMMU_GATOS_CTRL);
    }
  }
  if (f.MSI) {  // 6.3.21: by the acknowledged value too
    for (const Reg id_of : {SMMU_GERROR_IRQ_CFG0, SMMU_GERROR_IRQ_CFG1, SMMU_GERROR_IRQ_CFG2}) {
      guard(id_of, IRQ_CTRL_GERROR_IRQEN, SMMU_IRQ_CTRLACK);
    }
    for (const Reg id_of : {SMMU_EVENTQ_IRQ_CFG0, SMMU_EVENTQ_IRQ_CFG1, SMMU_EVENTQ_IRQ_CFG2}) {
      guard(id_of, IRQ_CTRL_EVENTQ_IRQEN, SMMU_IRQ_CTRLACK);
    }
    for (const Reg id_of : {SMMU_PRIQ_IRQ_CFG0, SMMU_PRIQ_IRQ_CFG1, SMMU_PRIQ_IRQ_CFG2}) {
      if (f.PRI) guard(id_of, IRQ_CTRL_PRIQ_IRQEN, SMMU_IRQ_CTRLACK);
    }
  }

  if (f.quirks.has(Quirk::cavium_74)) {
    for (RegisterInfo& r : t) r.offset &= 0xffffU;
  }
  if (sec_sid == SecSid::secure) return secure_table(t, f);
  if (f.has_vatos(SecSid::non_secure)) add_vatos(f, SecSid::non_secure, t);
  if (f.SECURE_IMPL) return t;
  std::uint16_t next = SMMU_S_first;
  for (const SecureRow& row : secure_rows) add_res0(row, next, t);
  return t;
}

}  // namespace smmuvp::smmuv3
