// Accesses by b_transport through a plain hop, or through an SMMUv3 or SMMUv2 that hits or misses: what one
// takes, in host time; run it under callgrind with two counts, and the difference is what the calls take in
// instructions. In the modes dmi and dmi-hop masters use direct memory pointers where they get them. In the
// mode v2-init a driver writes all registers of 128 streams and banks, again and again.
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <systemc>
#include <vector>

#include "smmuvp/smmuv2/smmuv2.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/tlm/access_extension.h"

namespace {

constexpr std::uint64_t strtab = 0x1000, cds = 0x2000, tables = 0x10'0000, data_pages = 0x80'0000,
                        stage2 = 0x200'0000, chain = 0x300'0000;
constexpr std::uint64_t stage2_mapped = 0x100'0000;  // bytes from 0, everything above but stage 2 itself
constexpr unsigned chain_length = 128;  // cache lines, about as many as the tables' descriptors lie in

struct Mode {
  const char* name;
  enum { hop, loads, smmu, dmi_hop, dmi } kind = smmu;
  bool timing = true;
  bool enabled = true;  // CR0.SMMUEN
  bool bypass = false;  // by the STE
  bool nested = false;
  /// Caches that hold one entry, so that accesses in turn to streams and pages miss them.
  std::vector<const char*> one_entry = {};
  bool v2 = false;    // an SMMUv2
  bool init = false;  // nothing but its registers
  bool has_smmu() const { return kind == smmu || kind == dmi; }
  /// Masters use pointers, and have one stream.
  bool uses_pointers() const { return kind == dmi || kind == dmi_hop; }
};

const Mode modes[] = {
    {"hop", Mode::hop},
    {"loads", Mode::loads},  // a plain hop, and before it dependent loads by b_transport
    {"dmi-hop", Mode::dmi_hop},
    {"dmi", Mode::dmi},
    {"timed"},
    {"untimed", Mode::smmu, false},
    {"bypass", Mode::smmu, false, true, true},
    {"disabled", Mode::smmu, false, false},
    // Misses: of the micro TLB; of the main TLB, too; of everything
    {"main_hit", Mode::smmu, true, true, false, false, {"micro_tlb"}},
    {"warm", Mode::smmu, true, true, false, false, {"micro_tlb", "tlb"}},
    {"cold", Mode::smmu, true, true, false, false, {"micro_tlb", "tlb", "walk_cache", "config"}},
    {"nested",
     Mode::smmu,
     true,
     true,
     false,
     true,
     {"micro_tlb", "tlb", "walk_cache", "ipa_cache", "config"}},
    {"v2-timed", Mode::smmu, true, true, false, false, {}, true},
    {"v2-untimed", Mode::smmu, false, true, false, false, {}, true},
    {"v2-bypass", Mode::smmu, false, true, true, false, {}, true},
    {"v2-main_hit", Mode::smmu, true, true, false, false, {"micro_tlb"}, true},
    {"v2-warm", Mode::smmu, true, true, false, false, {"micro_tlb", "tlb"}, true},
    {"v2-cold", Mode::smmu, true, true, false, false, {"micro_tlb", "tlb", "walk_cache"}, true},
    {"v2-init", Mode::smmu, false, true, false, false, {}, true, true},
};

struct Options {
  std::map<std::string, std::uint64_t> values = {
      {"streams", 16}, {"pages", 64},     {"pmcg", 0},
      {"masters", 1},  {"quantum_ns", 0},  // 0: a master synchronises after 64 accesses
      {"gap_ns", 0},  // the most that a master does something else for between two accesses
      {"loads", 0},   // of mode loads
      {"timing", 2},  // 0 or 1: overrides the mode's
      {"tbus", 1},    // all masters at one, or each at one of its own
  };
  std::uint64_t operator[](const char* name) const { return values.at(name); }
};

struct Memory : sc_core::sc_module {
  sc_core::sc_vector<tlm_utils::simple_target_socket<Memory, 64>> data{"data"};  // for each port of masters
  tlm_utils::multi_passthrough_target_socket<Memory, 64> walks{"walks"};         // and loads of masters
  std::vector<unsigned char> bytes = std::vector<unsigned char>(64U << 20);
  std::uint64_t walk_count = 0;
  Memory(const sc_core::sc_module_name& name, std::size_t ports) : sc_module(name) {
    data.init(ports);
    for (auto& port : data) {
      port.register_b_transport(this, &Memory::b_transport);
      port.register_get_direct_mem_ptr(this, &Memory::get_direct_mem_ptr);
    }
    walks.register_b_transport(this, &Memory::walk);
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    dmi.init();
    dmi.set_dmi_ptr(bytes.data());
    dmi.set_end_address(bytes.size() - 1);
    dmi.allow_read_write();
    return true;
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
    unsigned char* at = bytes.data() + (p.get_address() & (bytes.size() - 1));
    if (p.is_read()) std::memcpy(p.get_data_ptr(), at, p.get_data_length());
    if (p.is_write()) std::memcpy(at, p.get_data_ptr(), p.get_data_length());
    p.set_dmi_allowed(true);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void walk(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    ++walk_count;
    b_transport(p, delay);
  }
  void put(std::uint64_t address, std::uint64_t value) { std::memcpy(bytes.data() + address, &value, 8); }
};

/// Passes everything on, as an interconnect does that changes nothing.
struct Hop : sc_core::sc_module {
  tlm_utils::simple_target_socket<Hop, 64> in{"in"};
  tlm_utils::simple_initiator_socket<Hop, 64> out{"out"};
  explicit Hop(const sc_core::sc_module_name& name) : sc_module(name) {
    in.register_b_transport(this, &Hop::b_transport);
    in.register_get_direct_mem_ptr(this, &Hop::get_direct_mem_ptr);
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& p, tlm::tlm_dmi& dmi) {
    return out->get_direct_mem_ptr(p, dmi);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) { out->b_transport(p, delay); }
};

/// Brings masters to one port.
struct Arbiter : sc_core::sc_module {
  tlm_utils::multi_passthrough_target_socket<Arbiter, 64> in{"in"};
  tlm_utils::simple_initiator_socket<Arbiter, 64> out{"out"};
  explicit Arbiter(const sc_core::sc_module_name& name) : sc_module(name) {
    in.register_b_transport(this, &Arbiter::b_transport);
  }
  void b_transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) { out->b_transport(p, delay); }
};

/// What a driver does before masters start, and what they have in common.
struct Driver : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Driver, 64> registers{"registers"};
  sc_core::sc_event ready;
  const Options& options;
  Memory& memory;
  const Mode& mode;
  std::uint64_t inits;
  unsigned running = 0, warming = 0;
  std::uint64_t failures = 0, walks_before = 0;
  std::clock_t begin = 0, end = 0;

  SC_HAS_PROCESS(Driver);
  Driver(const sc_core::sc_module_name& name, const Options& o, Memory& m, const Mode& which, std::uint64_t n)
      : sc_module(name), options(o), memory(m), mode(which), inits(n) {
    SC_THREAD(run);
  }
  void reg(std::uint64_t offset, std::uint64_t value, unsigned bytes) {
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_core::sc_time delay;
    registers->b_transport(p, delay);
  }
  /// A group and a bank of 39-bit addresses for each stream, numbered like it, as an SMMUv2's driver does.
  void init_v2(std::uint64_t streams) {
    const std::uint64_t page = 0x1000, banks = 0x10'0000;
    reg(0x0, 1U << 0, 4);  // sCR0.CLIENTPD
    for (std::uint64_t s = 0; s < streams; ++s) {
      reg(0x800 + 4 * s, 1U << 31 | s, 4);                    // SMR
      reg(0xc00 + 4 * s, mode.bypass ? 1U << 16 : s, 4);      // S2CR
      reg(page + 0x800 + 4 * s, 1, 4);                        // CBA2R.VA64
      reg(page + 4 * s, 1U << 16 | 0xfU << 12 | 3U << 8, 4);  // CBAR: stage 1
      const std::uint64_t bank = banks + page * s;
      reg(bank + 0x10, 5U | 1U << 4 | 7U << 15, 4);                     // TCR2
      reg(bank + 0x30, 16U | 1U << 8 | 1U << 10 | 1U << 23, 4);         // TCR
      reg(bank + 0x20, (tables + s % 64 * 0x8000) | (s + 1) << 48, 8);  // TTBR0
      reg(bank + 0x28, 0, 8);
      reg(bank + 0x38, 0xff, 4);  // MAIR0
      reg(bank + 0x3c, 0, 4);
      reg(bank + 0x58, ~0U, 4);         // FSR
      reg(bank, 1U << 0 | 3U << 5, 4);  // SCTLR: M, CFRE, CFIE
    }
    reg(0x68, 0, 4);                  // TLBIALLNSNH
    reg(0x70, 0, 4);                  // sTLBGSYNC
    reg(0x0, 1U << 1 | 1U << 10, 4);  // sCR0: GFRE, USFCFG
  }
  /// By the group of TBU 0, of all streams.
  void count_transactions() {
    const std::uint64_t page = 0x40000;
    reg(page + 0x400, 1U << 29 | 1U, 4);  // EVTYPER0
    reg(page + 0xa00, ~0U, 4);            // SMR0
    reg(page + 0xc00, 1, 8);              // CNTENSET0
    reg(page + 0xe04, 1, 4);              // CR
  }
  void run() {
    if (mode.init) {
      init_v2(128);
      begin = std::clock();
      for (std::uint64_t i = 0; i < inits; ++i) init_v2(128);
      end = std::clock();
      sc_core::sc_stop();
      return;
    }
    if (mode.v2) {
      init_v2(options["streams"]);
    } else if (mode.has_smmu()) {
      reg(0x80, strtab, 8);  // STRTAB_BASE
      reg(0x88, 6, 4);       // STRTAB_BASE_CFG
      if (mode.enabled) reg(0x20, 1, 4);
      if (options["pmcg"] > 1) count_transactions();
    }
    wait(1, sc_core::SC_NS);
    ready.notify();
  }
  void warmed() {
    if (--warming != 0) return;
    walks_before = memory.walk_count;
    begin = std::clock();
  }
  void finished() {
    if (--running != 0) return;
    end = std::clock();
    sc_core::sc_stop();
  }
};

struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> out{"out"};
  tlm_utils::simple_initiator_socket<Master, 64> loads{"loads"};
  Driver& driver;
  std::uint64_t count, streams, pages, chained, gap;
  sc_core::sc_time quantum;
  std::uint64_t x;  // of the gaps
  bool uses_pointers;
  struct Pointer {
    std::uint64_t page = ~0ULL;
    const unsigned char* at = nullptr;
    sc_core::sc_time latency;
  };
  std::array<Pointer, 512> pointers;  // by page

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Driver& d, std::uint64_t n, unsigned index, bool direct)
      : sc_module(name),
        driver(d),
        count(n),
        streams(d.options["streams"]),
        pages(d.options["pages"]),
        chained(d.options["loads"]),
        gap(d.options["gap_ns"] * 1000),
        quantum(static_cast<double>(d.options["quantum_ns"]), sc_core::SC_NS),
        x(index + 1),
        uses_pointers(direct) {
    out.register_invalidate_direct_mem_ptr(this, &Master::withdraw);
    ++d.running;
    ++d.warming;
    SC_THREAD(run);
  }
  void run() {
    wait(driver.ready);
    // Each page of each stream once, in a time of its own.
    accesses(std::lcm(streams, pages));
    wait(1, sc_core::SC_US);
    driver.warmed();
    accesses(count);
    driver.finished();
  }
  void withdraw(sc_dt::uint64 first, sc_dt::uint64 last) {
    for (Pointer& p : pointers) {
      if (p.page <= last >> 12 && p.page >= first >> 12) p.page = ~0ULL;
    }
  }
  bool read_by_pointer(std::uint64_t address, std::uint64_t& word, sc_core::sc_time& delay) const {
    const Pointer& p = pointers[(address >> 12) % pointers.size()];
    if (p.page != address >> 12) return false;
    std::memcpy(&word, p.at + (address & 0xfff), 8);
    delay += p.latency;
    return true;
  }
  void ask(tlm::tlm_generic_payload& p) {
    tlm::tlm_dmi dmi;
    const std::uint64_t page = p.get_address() >> 12;
    if (!out->get_direct_mem_ptr(p, dmi)) return;
    pointers[page % pointers.size()] = {page, dmi.get_dmi_ptr() + ((page << 12) - dmi.get_start_address()),
                                        dmi.get_read_latency()};
  }
  void accesses(std::uint64_t n) {
    tlm::tlm_generic_payload p;
    tlm::tlm_generic_payload load;
    smmuvp::AccessExtension e;
    std::uint64_t word = 0;
    std::uint64_t next = chain;
    for (tlm::tlm_generic_payload* each : {&p, &load}) {
      each->set_command(tlm::TLM_READ_COMMAND);
      each->set_data_length(8);
      each->set_streaming_width(8);
    }
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&word));
    load.set_data_ptr(reinterpret_cast<unsigned char*>(&next));
    p.set_extension(&e);
    e.stream_valid = true;
    sc_core::sc_time delay;
    for (std::uint64_t i = 0; i < n; ++i) {
      for (std::uint64_t k = 0; k < chained; ++k) {
        load.set_address(next);
        load.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        loads->b_transport(load, delay);
      }
      e.stream_id = static_cast<std::uint32_t>(i % streams);
      const std::uint64_t address = i % pages * 0x1000 + (i * 8 & 0xff8);
      if (!uses_pointers || !read_by_pointer(address, word, delay)) {
        p.set_address(address);
        p.set_dmi_allowed(false);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        out->b_transport(p, delay);
        if (p.get_response_status() != tlm::TLM_OK_RESPONSE) ++driver.failures;
        if (uses_pointers && p.is_dmi_allowed()) ask(p);
      }
      if (gap != 0) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        delay += sc_core::sc_time::from_value((x >> 32U) * gap >> 32U);
      }
      if (quantum == sc_core::SC_ZERO_TIME ? i % 64 == 63 : delay >= quantum) {
        wait(delay + sc_core::sc_time(1, sc_core::SC_NS));
        delay = sc_core::SC_ZERO_TIME;
      }
    }
    wait(delay);
    p.clear_extension(&e);
  }
};

constexpr std::uint64_t page_or_table = 3;

/// Stage 2 maps the first bytes onto themselves: four levels of 4 KiB pages.
void put_stage2(Memory& memory) {
  for (unsigned level = 0; level < 2; ++level) {
    memory.put(stage2 + 0x1000ULL * level, (stage2 + 0x1000ULL * (level + 1)) | page_or_table);
  }
  for (std::uint64_t i = 0; i < stage2_mapped >> 21; ++i) {
    memory.put(stage2 + 0x2000 + 8 * i, (stage2 + 0x3000 + 0x1000 * i) | page_or_table);
  }
  for (std::uint64_t page = 0; page < stage2_mapped >> 12; ++page) {
    memory.put(stage2 + 0x3000 + 8 * page, page << 12 | 0x7fc | page_or_table);
  }
}

/// Every stream has an address space of its own, all alike: four levels, 4 KiB pages in one level 3 table.
void put_stream(Memory& memory, const Mode& mode, std::uint64_t s, std::uint64_t pages) {
  const std::uint64_t ste = strtab + 64 * s;
  const std::uint64_t cd = cds + 64 * s;
  const std::uint64_t table = tables + s * 0x8000;
  memory.put(ste, mode.bypass ? 1 | 4 << 1 : cd | 1 | (mode.nested ? 7 : 5) << 1);
  memory.put(ste + 8, 1ULL << 44);
  // S2VMID, S2T0SZ 20, S2SL0 2, Write-Back, S2PS 44 bits, S2AA64, S2R
  if (mode.nested)
    memory.put(ste + 16, 7 | (20ULL | 2 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 4 << 16 | 1 << 19 | 1 << 26)
                                 << 32);
  if (mode.nested) memory.put(ste + 24, stage2);
  memory.put(cd, 16 | 1ULL << 30 | 1ULL << 31 | 4ULL << 32 | 1ULL << 41 | 3ULL << 45 | (s + 1) << 48);
  memory.put(cd + 8, table);
  memory.put(cd + 24, 0xff);
  for (unsigned level = 0; level < 3; ++level) {
    memory.put(table + 0x1000ULL * level, (table + 0x1000ULL * (level + 1)) | page_or_table);
  }
  for (std::uint64_t i = 0; i < pages; ++i) {
    memory.put(table + 0x3000 + 8 * i, (data_pages + i * 0x1000) | 0xc40 | page_or_table);
  }
}

smmuvp::Params params_of(const Mode& mode, const Options& options, smmuvp::Params params) {
  if (mode.uses_pointers()) params.set("tbu0_fixed", true);
  params.set("tbus", options["tbus"]);
  params.set("timing", options["timing"] < 2 ? options["timing"] == 1 : mode.timing);
  for (const std::string cache : mode.one_entry) {
    params.set(cache + "_sets", 1);
    params.set(cache + "_ways", 1);
  }
  if (mode.v2) {
    params.set("NUMSMRG", 128);
    params.set("NUMCB", 128);
    params.set("NUMPAGENDXB", 7);
  } else {
    params.set("pmcg", options["pmcg"] != 0);
  }
  return params;
}

int usage() {
  std::fprintf(stderr, "usage: smmu_hop MODE COUNT [NAME=VALUE ...]\nmodes:");
  for (const Mode& m : modes) std::fprintf(stderr, " %s", m.name);
  std::fprintf(stderr, "\nnames:");
  for (const auto& [name, value] : Options().values) std::fprintf(stderr, " %s", name.c_str());
  std::fprintf(stderr, "\n");
  return 64;
}

}  // namespace

int sc_main(int argc, char** argv) {
  Options options;
  const Mode* found = nullptr;
  for (const Mode& m : modes) {
    if (argc > 2 && m.name == std::string(argv[1])) found = &m;
  }
  if (found == nullptr) return usage();
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    const auto option = options.values.find(word.substr(0, word.find('=')));
    if (option == options.values.end() || word.find('=') == std::string::npos) return usage();
    option->second = std::strtoull(word.c_str() + word.find('=') + 1, nullptr, 10);
  }
  const Mode& mode = *found;
  if (mode.uses_pointers()) options.values["streams"] = 1;
  const std::uint64_t streams = options["streams"], pages = options["pages"];
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  if (count == 0 || streams < 1 || streams > 64 || pages < 1 || pages > 512 || options["masters"] < 1) {
    std::fprintf(stderr, "smmu_hop: expected accesses, 1 to 64 streams, 1 to 512 pages and a master\n");
    return 64;
  }
  const std::uint64_t ports = options["tbus"];
  if (ports != 1 && ports != options["masters"]) {
    std::fprintf(stderr, "smmu_hop: expected one TBU, or as many as masters\n");
    return 64;
  }

  Memory memory("memory", ports);
  put_stage2(memory);
  for (std::uint64_t s = 0; s < streams; ++s) put_stream(memory, mode, s, pages);
  for (std::uint64_t i = 0; i < chain_length; ++i) {
    memory.put(chain + 64 * i, chain + 64 * ((i * 37 + 11) % chain_length));
  }
  Driver driver("driver", options, memory, mode, count);
  std::vector<std::unique_ptr<Master>> masters;
  for (unsigned i = 0; i < options["masters"]; ++i) {
    const std::string name = "master" + std::to_string(i);
    masters.push_back(std::make_unique<Master>(name.c_str(), driver, count, i, mode.uses_pointers()));
    masters.back()->loads.bind(memory.walks);
  }
  std::unique_ptr<Arbiter> arbiter;
  if (masters.size() > ports) arbiter = std::make_unique<Arbiter>("arbiter");
  const auto bind_masters = [&](auto& in, std::size_t port) {
    if (arbiter == nullptr) return masters[port]->out.bind(in);
    for (auto& m : masters) m->out.bind(arbiter->in);
    arbiter->out.bind(in);
  };
  std::vector<std::unique_ptr<Hop>> hops;
  std::unique_ptr<smmuvp::SmmuV3<64>> smmuv3;
  std::unique_ptr<smmuvp::SmmuV2<64>> smmuv2;
  sc_core::sc_signal<bool> reset("no_reset");
  const auto wire = [&](auto& smmu) {
    for (std::size_t i = 0; i < ports; ++i) {
      bind_masters(smmu.tbu_in[i], i);
      smmu.tbu_out[i].bind(memory.data[i]);
    }
    driver.registers.bind(smmu.registers);
    smmu.walk.bind(memory.walks);
    smmu.reset(reset);
  };
  if (mode.v2) {
    smmuv2 = std::make_unique<smmuvp::SmmuV2<64>>(
        "smmu", params_of(mode, options, smmuvp::SmmuV2<64>::default_params()));
    wire(*smmuv2);
  } else if (mode.has_smmu()) {
    smmuv3 = std::make_unique<smmuvp::SmmuV3<64>>(
        "smmu", params_of(mode, options, smmuvp::SmmuV3<64>::default_params()));
    wire(*smmuv3);
  } else {
    for (std::size_t i = 0; i < ports; ++i) {
      hops.push_back(std::make_unique<Hop>(("hop" + std::to_string(i)).c_str()));
      bind_masters(hops[i]->in, i);
      hops[i]->out.bind(memory.data[i]);
    }
    driver.registers.bind(memory.walks);
  }
  sc_core::sc_start();
  if (mode.init) {
    std::printf(
        "%s: %.3f us for 128 streams and banks\n", mode.name,
        static_cast<double>(driver.end - driver.begin) * 1e6 / CLOCKS_PER_SEC / static_cast<double>(count));
    return 0;
  }
  const double total = static_cast<double>(count) * static_cast<double>(masters.size());
  std::printf("%s: %llu failures, %.3f ns and %.3f loads an access\n", mode.name,
              static_cast<unsigned long long>(driver.failures),
              static_cast<double>(driver.end - driver.begin) * 1e9 / CLOCKS_PER_SEC / total,
              static_cast<double>(memory.walk_count - driver.walks_before) / total);
  return driver.failures == 0 ? 0 : 1;
}
