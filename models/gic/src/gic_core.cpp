#include "smmuvp/gic/gic_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "gic_registers.h"

namespace smmuvp {

using namespace gic;

namespace {

// GICC_CTLR without the Security Extensions, IHI 0048 4.4.1. The bypass bits are absent with the bypass.
constexpr std::uint32_t CTLR_EnableGrp0 = 1U << 0;
constexpr std::uint32_t CTLR_EnableGrp1 = 1U << 1;
constexpr std::uint32_t CTLR_AckCtl = 1U << 2;
constexpr std::uint32_t CTLR_FIQEn = 1U << 3;
constexpr std::uint32_t CTLR_CBPR = 1U << 4;
constexpr std::uint32_t CTLR_EOImode = 1U << 9;
constexpr std::uint32_t CTLR_mask =
    CTLR_EnableGrp0 | CTLR_EnableGrp1 | CTLR_AckCtl | CTLR_FIQEn | CTLR_CBPR | CTLR_EOImode;

constexpr unsigned first_spi = 32;
constexpr unsigned idle_priority = 0xff;      // IHI 0048 4.4.6
constexpr unsigned group1_pending_id = 1022;  // IHI 0048 3.2.5

void check(const GicConfig& c) {
  if (c.cpus < 1 || c.cpus > GicCore::max_cpus)
    throw ConfigError("cpus", fmt::format("a GICv2 has 1 to 8 processors, not {}", c.cpus));
  if (c.num_spis == 0 || (c.num_spis % 32 != 0 && c.num_spis != 988) || c.num_spis > 988)
    throw ConfigError(
        "num_spis", fmt::format("num_spis is {}; it must be a multiple of 32 up to 960, or 988", c.num_spis));
  if (c.priority_bits < 4 || c.priority_bits > 8)
    throw ConfigError("priority_bits", fmt::format("priorities have 4 to 8 bits, not {}", c.priority_bits));
  if (c.v2m_spi_count > c.num_spis || c.v2m_spi_base > c.num_spis - c.v2m_spi_count)
    throw ConfigError("v2m_spi_base",
                      fmt::format("the MSI frame's SPIs {} to {} are not among the {} SPIs", c.v2m_spi_base,
                                  c.v2m_spi_base + std::uint64_t{c.v2m_spi_count} - 1, c.num_spis));
}

/// Bits of `v` in `lanes`, others from `old`.
std::uint32_t merge(std::uint32_t old, std::uint32_t v, std::uint32_t lanes) {
  return (old & ~lanes) | (v & lanes);
}

}  // namespace

GicCore::GicCore(const GicConfig& config, Diag& diag)
    : m_config((check(config), config)),
      m_diag(diag),
      m_words((first_spi + config.num_spis + 31) / 32),
      m_priority_mask(static_cast<std::uint8_t>(0xff00U >> config.priority_bits)),
      m_min_bpr(config.priority_bits >= 7 ? 0 : 7 - config.priority_bits),
      m_distributor(distributor_table(), *this),
      m_cpu_interface(cpu_interface_table(), *this),
      m_v2m(v2m_table(), *this) {
  // ITLinesNumber, CPUNumber; SecurityExtn and LSPI are 0 (IHI 0048 4.3.2).
  m_distributor.set_reset(GICD_TYPER, (m_words - 1) | (config.cpus - 1) << 5);
  if (config.v2m_spi_count != 0) {
    m_v2m.set_reset(MSI_TYPER, (first_spi + config.v2m_spi_base) << 16 | config.v2m_spi_count);
  }
  reset();
}

void GicCore::reset() {
  m_distributor.reset();
  m_cpu_interface.reset();
  m_v2m.reset();
  // The inputs are not state of the GIC: they keep their levels.
  for (unsigned bit = 0; bit < BitCount; ++bit) {
    if (bit != Line) m_bits[bit].fill(0);
  }
  m_priority.fill(0);
  m_targets.fill(0);
  for (Cpu& cpu : m_cpus) {
    const std::uint32_t lines = cpu.bits[Line];
    cpu = {};
    cpu.bits[Line] = lines;
    cpu.bits[Enable] = 0xffff;  // SGIs are always enabled, as IHI 0048 3.1.2 allows
    cpu.bits[Edge] = 0xffff;    // SGIs are edge-triggered (4.3.13)
    cpu.BPR = m_min_bpr;
    cpu.ABPR = m_min_bpr + 1;
  }
  update();
}

const RegisterFile& GicCore::file(Frame frame) const {
  return frame == Frame::Distributor ? m_distributor : frame == Frame::CpuInterface ? m_cpu_interface : m_v2m;
}

std::uint64_t GicCore::read(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes) {
  m_cpu = cpu;
  std::uint64_t value = 0;
  file(frame).read(offset, bytes, AccessSecurity::NonSecure, value);
  update();
  return value;
}

void GicCore::write(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  m_cpu = cpu;
  file(frame).write(offset, bytes, AccessSecurity::NonSecure, value);
  update();
}

std::uint64_t GicCore::peek(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes) {
  m_cpu = cpu;
  refresh_stored(frame);
  std::uint64_t value = 0;
  file(frame).peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

// Stored values of gathered registers are for peek() only.
void GicCore::refresh_stored(Frame frame) {
  RegisterFile& registers = file(frame);
  for (const RegisterInfo& info : registers.table()) {
    for (std::uint32_t n = 0; n < info.count; ++n) {
      const std::uint64_t stored = registers.get(info.id, n);
      registers.set(info.id,
                    frame == Frame::Distributor    ? distributor_value(info.id, n, stored)
                    : frame == Frame::CpuInterface ? cpu_interface_value(info.id, n, stored)
                                                   : stored,
                    n);
    }
  }
}

// ---- interrupts

std::uint32_t& GicCore::word(Bit bit, unsigned cpu, unsigned n) {
  return n == 0 ? m_cpus[cpu].bits[bit] : m_bits[bit][n];
}
std::uint32_t GicCore::word(Bit bit, unsigned cpu, unsigned n) const {
  return n == 0 ? m_cpus[cpu].bits[bit] : m_bits[bit][n];
}
bool GicCore::test(Bit bit, unsigned cpu, unsigned intid) const {
  return (word(bit, cpu, intid / 32) >> (intid % 32) & 1) != 0;
}

std::uint32_t GicCore::implemented(unsigned n) const {
  if (n >= m_words) return 0;
  return n == 31 ? 0x0fffffff : 0xffffffff;  // 1020 to 1023 are no interrupts
}

// A level-sensitive interrupt is pending while its input is high or GICD_ISPENDRn has made it so; an
// edge-triggered one from the edge until it is acknowledged or cleared (IHI 0048 4.3.7, 4.3.8).
std::uint32_t GicCore::pending(unsigned cpu, unsigned n) const {
  std::uint32_t p = word(Latch, cpu, n) | (word(Line, cpu, n) & ~word(Edge, cpu, n));
  if (n == 0) {
    p &= 0xffff0000;
    for (unsigned sgi = 0; sgi < 16; ++sgi) p |= (m_cpus[cpu].sgi_sources[sgi] != 0 ? 1U : 0U) << sgi;
  }
  return p & implemented(n);
}

unsigned GicCore::priority(unsigned cpu, unsigned intid) const {
  return intid < first_spi ? m_cpus[cpu].priority[intid] : m_priority[intid];
}

GicCore::Candidate GicCore::highest_pending(unsigned cpu) const {
  // Both the distributor and the CPU interface enable each group (IHI 0048 4.3.1, 4.4.1).
  const std::uint32_t groups =
      static_cast<std::uint32_t>(m_distributor.get(GICD_CTLR)) & m_cpus[cpu].CTLR & 3U;
  Candidate best;
  if (groups == 0) return best;
  for (unsigned n = 0; n < m_words; ++n) {
    const std::uint32_t group = word(Group, cpu, n);
    std::uint32_t eligible = pending(cpu, n) & word(Enable, cpu, n) & ~word(Active, cpu, n) &
                             (((groups & 2) != 0 ? group : 0) | ((groups & 1) != 0 ? ~group : 0));
    while (eligible != 0) {
      const unsigned bit = static_cast<unsigned>(__builtin_ctz(eligible));
      eligible &= eligible - 1;
      const unsigned intid = n * 32 + bit;
      // The only processor of a uniprocessor gets all SPIs (4.3.12).
      if (intid >= first_spi && m_config.cpus > 1 && (m_targets[intid] >> cpu & 1) == 0) continue;
      const unsigned p = priority(cpu, intid);
      if (p < best.priority) best = {intid, p, (group >> bit & 1) != 0};
    }
  }
  return best;
}

unsigned GicCore::priority_shift() const { return 8 - std::min(m_config.priority_bits, 7U); }

// The part of a priority that decides on preemption (IHI 0048 3.3.3). The binary point of Group 1 counts
// from one bit higher unless it is shared (GICC_CTLR.CBPR).
unsigned GicCore::group_priority(unsigned cpu, unsigned priority, bool group1) const {
  const Cpu& c = m_cpus[cpu];
  const bool own = group1 && (c.CTLR & CTLR_CBPR) == 0;
  const unsigned point = own ? c.ABPR - 1 : c.BPR;
  return priority & (0xffU << (point + 1)) & 0xff;
}

unsigned GicCore::running_priority(unsigned cpu) const {
  const Cpu& c = m_cpus[cpu];
  for (unsigned n = 0; n < 4; ++n) {
    const std::uint32_t active = c.APR[n] | c.NSAPR[n];
    if (active != 0) return (n * 32 + static_cast<unsigned>(__builtin_ctz(active))) << priority_shift();
  }
  return idle_priority;
}

bool GicCore::sufficient(unsigned cpu, const Candidate& c) const {
  if (c.intid == spurious || c.priority >= m_cpus[cpu].PMR) return false;  // IHI 0048 4.4.2
  const unsigned running = running_priority(cpu);
  return running == idle_priority || group_priority(cpu, c.priority, c.group1) < running;
}

void GicCore::update() {
  for (unsigned cpu = 0; cpu < m_config.cpus; ++cpu) {
    const Candidate c = highest_pending(cpu);
    const bool signal = sufficient(cpu, c);
    const bool as_fiq = !c.group1 && (m_cpus[cpu].CTLR & CTLR_FIQEn) != 0;
    m_irq[cpu] = signal && !as_fiq;
    m_fiq[cpu] = signal && as_fiq;
  }
}

void GicCore::set_line(unsigned intid, bool level, unsigned cpu) {
  if (intid < 16 || intid >= m_words * 32) return;
  std::uint32_t& lines = word(Line, cpu, intid / 32);
  const std::uint32_t bit = 1U << (intid % 32);
  const bool rises = level && (lines & bit) == 0;
  lines = level ? lines | bit : lines & ~bit;
  if (rises && test(Edge, cpu, intid)) word(Latch, cpu, intid / 32) |= bit;
  update();
}

// An SGI's answer carries the processor that sent it in bits 12:10 (IHI 0048 4.4.4).
std::uint32_t GicCore::with_source(unsigned cpu, unsigned intid) const {
  if (intid >= 16) return intid;
  const std::uint32_t sources = m_cpus[cpu].sgi_sources[intid];
  return intid | (sources != 0 ? static_cast<std::uint32_t>(__builtin_ctz(sources)) : 0) << 10;
}

std::uint32_t GicCore::acknowledge(unsigned cpu, bool alias) {
  const Candidate c = highest_pending(cpu);
  const bool wrong_group = alias ? !c.group1 : c.group1 && (m_cpus[cpu].CTLR & CTLR_AckCtl) == 0;
  if (!sufficient(cpu, c) || wrong_group) {
    ++m_spurious_reads;
    return sufficient(cpu, c) && !alias ? group1_pending_id : spurious;
  }
  const std::uint32_t answer = with_source(cpu, c.intid);
  const std::uint32_t bit = 1U << (c.intid % 32);
  if (c.intid < 16) {
    m_cpus[cpu].sgi_sources[c.intid] &= static_cast<std::uint8_t>(~(1U << (answer >> 10)));
  } else {
    word(Latch, cpu, c.intid / 32) &= ~bit;
  }
  word(Active, cpu, c.intid / 32) |= bit;
  const unsigned level = group_priority(cpu, c.priority, c.group1) >> priority_shift();
  (c.group1 ? m_cpus[cpu].NSAPR : m_cpus[cpu].APR)[level / 32] |= 1U << (level % 32);
  ++m_acknowledged;
  return answer;
}

void GicCore::end_of_interrupt(unsigned cpu, std::uint32_t value, bool alias) {
  const unsigned intid = value & 0x3ff;
  const char* name = alias ? "GICC_AEOIR" : "GICC_EOIR";
  if (intid >= 1020) return;  // special numbers are ignored (IHI 0048 4.4.5)
  if (intid >= m_words * 32) {
    m_diag.guest_error("EOIR.intid", fmt::format("{} was given INTID {}, which does not exist", name, intid),
                       "IHI 0048 4.4.5");
    return;
  }
  const bool group1 = test(Group, cpu, intid);
  if (alias ? !group1 : group1 && (m_cpus[cpu].CTLR & CTLR_AckCtl) == 0) {
    m_diag.guest_error(
        "EOIR.group", fmt::format("{} was given INTID {}, which is in Group {}", name, intid, group1 ? 1 : 0),
        "IHI 0048 4.4.5");
    return;
  }
  auto& active = group1 ? m_cpus[cpu].NSAPR : m_cpus[cpu].APR;
  const auto level = std::find_if(active.begin(), active.end(), [](std::uint32_t w) { return w != 0; });
  if (level == active.end()) {
    m_diag.guest_error("EOIR.idle",
                       fmt::format("{} was given INTID {} while no interrupt is active", name, intid),
                       "IHI 0048 4.4.5");
    return;
  }
  *level &= *level - 1;  // priority drop: the highest active priority goes (3.2.1)
  if ((m_cpus[cpu].CTLR & CTLR_EOImode) == 0) word(Active, cpu, intid / 32) &= ~(1U << (intid % 32));
}

void GicCore::deactivate(unsigned cpu, std::uint32_t value) {
  const unsigned intid = value & 0x3ff;
  if ((m_cpus[cpu].CTLR & CTLR_EOImode) == 0) {
    m_diag.guest_error("DIR.EOImode", "GICC_DIR was written while GICC_CTLR.EOImode is 0", "IHI 0048 4.4.15");
    return;
  }
  if (intid >= m_words * 32 || intid >= 1020) return;
  word(Active, cpu, intid / 32) &= ~(1U << (intid % 32));
}

void GicCore::send_sgi(unsigned cpu, std::uint32_t value) {
  const unsigned sgi = value & 0xf;
  const std::uint32_t all = (1U << m_config.cpus) - 1;
  std::uint32_t targets = 0;
  switch (value >> 24 & 3) {  // TargetListFilter, IHI 0048 4.3.15
    case 0:
      targets = value >> 16 & all;
      break;
    case 1:
      targets = all & ~(1U << cpu);
      break;
    case 2:
      targets = 1U << cpu;
      break;
    default:
      m_diag.guest_error("GICD_SGIR.filter", "reserved TargetListFilter 3 in GICD_SGIR", "IHI 0048 4.3.15");
      return;
  }
  ++m_sgis;
  for (unsigned target = 0; target < m_config.cpus; ++target) {
    if ((targets >> target & 1) != 0) m_cpus[target].sgi_sources[sgi] |= static_cast<std::uint8_t>(1U << cpu);
  }
}

void GicCore::set_spi_by_message(std::uint32_t intid) {
  const unsigned first = first_spi + m_config.v2m_spi_base;
  if (intid < first || intid >= first + m_config.v2m_spi_count) {
    m_diag.guest_error("MSI_SETSPI_NS",
                       fmt::format("MSI_SETSPI_NS was given {}, which is no SPI of this frame", intid),
                       "Arm SBSA, GICv2m");
    return;
  }
  ++m_msis;
  if (!test(Edge, 0, intid)) {
    // The frame gives a pulse, which a level-sensitive interrupt does not keep.
    m_diag.guest_error(
        "MSI_SETSPI_NS.level",
        fmt::format("a message for INTID {}, which is configured as level-sensitive, is lost", intid),
        "Arm SBSA, GICv2m");
    return;
  }
  word(Latch, 0, intid / 32) |= 1U << (intid % 32);
}

// ---- registers

std::uint64_t GicCore::register_read(std::uint16_t id, std::uint32_t index, AccessSecurity,
                                     std::uint64_t stored) {
  if (id == GICC_IAR || id == GICC_AIAR) return acknowledge(m_cpu, id == GICC_AIAR);
  if (id < GICC_CTLR) return distributor_value(id, index, stored);
  return id < MSI_TYPER ? cpu_interface_value(id, index, stored) : stored;
}

std::uint64_t GicCore::distributor_value(std::uint16_t id, std::uint32_t n, std::uint64_t stored) const {
  const auto gather_bytes = [&](const std::uint8_t* from) {
    return from[0] | static_cast<std::uint32_t>(from[1]) << 8 | static_cast<std::uint32_t>(from[2]) << 16 |
           static_cast<std::uint32_t>(from[3]) << 24;
  };
  const Cpu& c = m_cpus[m_cpu];
  switch (id) {
    case GICD_IGROUPR:
      return word(Group, m_cpu, n);
    case GICD_ISENABLER:
    case GICD_ICENABLER:
      return word(Enable, m_cpu, n);
    case GICD_ISPENDR:
    case GICD_ICPENDR:
      return pending(m_cpu, n);
    case GICD_ISACTIVER:
    case GICD_ICACTIVER:
      return word(Active, m_cpu, n);
    case GICD_IPRIORITYR:
      return gather_bytes(n < 8 ? &c.priority[n * 4] : &m_priority[n * 4]);
    case GICD_ITARGETSR:
      if (m_config.cpus == 1) return 0;  // RAZ/WI on a uniprocessor (4.3.12)
      return n < 8 ? 0x01010101U << m_cpu : gather_bytes(&m_targets[n * 4]);
    case GICD_ICFGR: {
      std::uint32_t out = 0;
      const std::uint32_t edges = word(Edge, m_cpu, n / 2) >> (n % 2 * 16);
      for (unsigned i = 0; i < 16; ++i) out |= (edges >> i & 1) << (2 * i + 1);
      return out;
    }
    case GICD_CPENDSGIR:
    case GICD_SPENDSGIR:
      return gather_bytes(&c.sgi_sources[n * 4]);
    default:
      return stored;
  }
}

std::uint64_t GicCore::cpu_interface_value(std::uint16_t id, std::uint32_t n, std::uint64_t stored) const {
  const Cpu& c = m_cpus[m_cpu];
  switch (id) {
    case GICC_CTLR:
      return c.CTLR;
    case GICC_PMR:
      return c.PMR;
    case GICC_BPR:
      return c.BPR;
    case GICC_ABPR:
      return c.ABPR;
    case GICC_RPR:
      return running_priority(m_cpu);
    case GICC_HPPIR: {
      // Whatever the priority mask and the running priority say (4.4.7).
      const Candidate best = highest_pending(m_cpu);
      if (best.group1 && (c.CTLR & CTLR_AckCtl) == 0) return group1_pending_id;
      return best.intid == spurious ? spurious : with_source(m_cpu, best.intid);
    }
    case GICC_AHPPIR: {
      const Candidate best = highest_pending(m_cpu);
      return best.group1 ? with_source(m_cpu, best.intid) : spurious;
    }
    case GICC_APR:
      return c.APR[n];
    case GICC_NSAPR:
      return c.NSAPR[n];
    case GICC_IAR:
    case GICC_AIAR:
      return 0;  // a debugger's read acknowledges nothing and shows nothing
    default:
      return stored;
  }
}

void GicCore::register_written(std::uint16_t id, std::uint32_t index, AccessSecurity, std::uint64_t,
                               std::uint64_t, std::uint64_t written, std::uint64_t lanes) {
  const auto v = static_cast<std::uint32_t>(written);
  const auto l = static_cast<std::uint32_t>(lanes);
  if (id == MSI_SETSPI_NS) {
    set_spi_by_message(v & 0x3ff);
  } else if (id >= GICC_CTLR) {
    cpu_interface_written(id, index, v, l);
  } else {
    distributor_written(id, index, v, l);
  }
}

void GicCore::distributor_written(std::uint16_t id, std::uint32_t n, std::uint32_t v, std::uint32_t lanes) {
  const auto each_byte = [&](auto f) {
    for (unsigned i = 0; i < 4; ++i) {
      if ((lanes >> (8 * i) & 0xff) != 0) f(n * 4 + i, static_cast<std::uint8_t>(v >> (8 * i)));
    }
  };
  // SGIs have no set and clear bits of their own for enable and pending (4.3.5 to 4.3.8).
  const std::uint32_t no_sgis = implemented(n) & (n == 0 ? 0xffff0000 : 0xffffffff);
  Cpu& c = m_cpus[m_cpu];
  switch (id) {
    case GICD_IGROUPR:
      word(Group, m_cpu, n) = merge(word(Group, m_cpu, n), v, lanes & implemented(n));
      break;
    case GICD_ISENABLER:
      word(Enable, m_cpu, n) |= v & no_sgis;
      break;
    case GICD_ICENABLER:
      word(Enable, m_cpu, n) &= ~(v & no_sgis);
      break;
    case GICD_ISPENDR:
      word(Latch, m_cpu, n) |= v & no_sgis;
      break;
    case GICD_ICPENDR:
      word(Latch, m_cpu, n) &= ~(v & no_sgis);
      break;
    case GICD_ISACTIVER:
      word(Active, m_cpu, n) |= v & implemented(n);
      break;
    case GICD_ICACTIVER:
      word(Active, m_cpu, n) &= ~v;
      break;
    case GICD_IPRIORITYR:
      each_byte([&](unsigned intid, std::uint8_t b) {
        if (intid >= m_words * 32 || intid >= 1020) return;
        (intid < first_spi ? c.priority[intid] : m_priority[intid]) = b & m_priority_mask;
      });
      break;
    case GICD_ITARGETSR:
      each_byte([&](unsigned intid, std::uint8_t b) {
        if (intid < first_spi || intid >= m_words * 32 || intid >= 1020 || m_config.cpus == 1) return;
        m_targets[intid] = static_cast<std::uint8_t>(b & ((1U << m_config.cpus) - 1));
      });
      break;
    case GICD_ICFGR:
      if (n == 0) break;  // SGIs are edge-triggered, read-only
      for (unsigned i = 0; i < 16; ++i) {
        const unsigned intid = n * 16 + i;
        const std::uint32_t bit = 2U << (2 * i);
        if ((lanes & bit) == 0 || (implemented(intid / 32) >> (intid % 32) & 1) == 0) continue;
        std::uint32_t& edges = word(Edge, m_cpu, intid / 32);
        edges = (v & bit) != 0 ? edges | 1U << (intid % 32) : edges & ~(1U << (intid % 32));
      }
      break;
    case GICD_SGIR:
      send_sgi(m_cpu, v);
      break;
    case GICD_CPENDSGIR:
      each_byte([&](unsigned sgi, std::uint8_t b) { c.sgi_sources[sgi] &= static_cast<std::uint8_t>(~b); });
      break;
    case GICD_SPENDSGIR:
      each_byte([&](unsigned sgi, std::uint8_t b) {
        c.sgi_sources[sgi] |= static_cast<std::uint8_t>(b & ((1U << m_config.cpus) - 1));
      });
      break;
    default:
      break;
  }
}

void GicCore::cpu_interface_written(std::uint16_t id, std::uint32_t n, std::uint32_t v, std::uint32_t lanes) {
  Cpu& c = m_cpus[m_cpu];
  switch (id) {
    case GICC_CTLR:
      c.CTLR = merge(c.CTLR, v, lanes & CTLR_mask);
      break;
    case GICC_PMR:
      c.PMR = merge(c.PMR, v, lanes & m_priority_mask);
      break;
    case GICC_BPR:  // a value below the least one gives the least one (4.4.3)
      c.BPR = std::max(merge(c.BPR, v, lanes & 7), m_min_bpr);
      break;
    case GICC_ABPR:
      c.ABPR = std::max(merge(c.ABPR, v, lanes & 7), m_min_bpr + 1);
      break;
    case GICC_EOIR:
      end_of_interrupt(m_cpu, v, false);
      break;
    case GICC_AEOIR:
      end_of_interrupt(m_cpu, v, true);
      break;
    case GICC_DIR:
      deactivate(m_cpu, v);
      break;
    case GICC_APR:
    case GICC_NSAPR: {
      const unsigned levels = 256U >> priority_shift();
      const std::uint32_t mask = n * 32 >= levels ? 0 : levels >= 32 ? 0xffffffff : (1U << levels) - 1;
      auto& word = (id == GICC_APR ? c.APR : c.NSAPR)[n];
      word = merge(word, v, lanes) & mask;
      break;
    }
    default:
      break;
  }
}

void GicCore::visit(Archive& archive) {
  archive.begin("gic");
  std::uint32_t ctlr = static_cast<std::uint32_t>(m_distributor.get(GICD_CTLR));
  archive.value("GICD_CTLR", ctlr);
  m_distributor.set(GICD_CTLR, ctlr & 3);
  for (auto& words : m_bits) archive.value("bits", words);
  archive.value("priority", m_priority);
  archive.value("targets", m_targets);
  for (unsigned i = 0; i < m_config.cpus; ++i) {
    Cpu& c = m_cpus[i];
    archive.begin("cpu");
    archive.value("CTLR", c.CTLR);
    archive.value("PMR", c.PMR);
    archive.value("BPR", c.BPR);
    archive.value("ABPR", c.ABPR);
    archive.value("APR", c.APR);
    archive.value("NSAPR", c.NSAPR);
    archive.value("bits", c.bits);
    archive.value("priority", c.priority);
    archive.value("sgi_sources", c.sgi_sources);
    archive.end();
    if (archive.loading() && (c.BPR > 7 || c.ABPR > 7 || c.ABPR == 0)) {
      archive.fail("BPR", "out of range");
      c.BPR = m_min_bpr;
      c.ABPR = m_min_bpr + 1;
    }
  }
  archive.value("acknowledged", m_acknowledged);
  archive.value("spurious_reads", m_spurious_reads);
  archive.value("sgis", m_sgis);
  archive.value("msis", m_msis);
  archive.end();
  if (archive.loading()) update();
}

}  // namespace smmuvp
