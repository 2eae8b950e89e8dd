#include "smmuvp/pcie/pcie.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "pcie_master.h"
#include "pcie_traces.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::string_view, std::uint32_t, std::uint32_t, bool, std::uint64_t> trace_config{
    "pcie.config", "an access to configuration space", {"function", "register", "length", "write", "value"}};
constexpr TracePoint<std::string_view, std::string_view, std::uint32_t, std::uint64_t, std::uint64_t, bool>
    trace_request{"pcie.request",
                  "a request of a function",
                  {"function", "way", "requester", "address", "length", "write"}};
constexpr TracePoint<std::uint32_t, bool> trace_pin{
    "pcie.intx", "an interrupt line changed", {"pin", "level"}};

constexpr unsigned pins = 4;
constexpr unsigned longest = 4096;  // bytes of a burst, as those of an endpoint

pcie::HierarchyConfig hierarchy_config(const Params& params) {
  pcie::HierarchyConfig config;
  config.functions = pcie::parse_topology(params.text("topology"));
  config.buses = static_cast<unsigned>(params.uint("buses"));
  config.stream_count = static_cast<std::uint32_t>(params.uint("stream_count"));
  config.mmio_base = params.uint("mmio_base");
  config.ats.upstream = params.flag("ats");
  config.ats.atc_entries = static_cast<unsigned>(params.uint("atc_entries"));
  config.ats.queue_depth = static_cast<unsigned>(params.uint("ats_queue_depth"));
  config.ats.pri_capacity = static_cast<unsigned>(params.uint("pri_capacity"));
  return config;
}

std::string place(std::uint32_t offset) {
  const auto digit = [](std::uint32_t v) { return "0123456789abcdef"[v & 15]; };
  const std::uint32_t device = offset >> 15 & 31;
  return {digit(offset >> 24),    digit(offset >> 20), ':', digit(device >> 4), digit(device), '.',
          digit(offset >> 12 & 7)};
}

const char* word(pcie::Routed::Way way) {
  switch (way) {
    case pcie::Routed::Way::Host:
      return "host";
    case pcie::Routed::Way::Peer:
      return "peer";
    case pcie::Routed::Way::Blocked:
      return "blocked";
    default:
      return "unsupported";
  }
}

const char* word(DmaAts type) {
  switch (type) {
    case DmaAts::TranslationRequest:
      return "translation";
    case DmaAts::Translated:
      return "translated";
    case DmaAts::PageRequest:
      return "page";
    default:
      return "untranslated";
  }
}

}  // namespace

Pcie::Pcie(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "pcie", params, host),
      ecam("ecam"),
      mmio("mmio"),
      dma("dma"),
      ats("ats"),
      inta("inta"),
      intb("intb"),
      intc("intc"),
      intd("intd"),
      reset("reset"),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_buses(static_cast<unsigned>(params.uint("buses"))),
      m_mmio_base(params.uint("mmio_base")),
      m_stream_base(static_cast<std::uint32_t>(params.uint("stream_base"))),
      m_stream_count(static_cast<std::uint32_t>(params.uint("stream_count"))),
      m_bytes_per_us(params.uint("bytes_per_us")),
      m_coherent(params.flag("coherent")),
      m_ats(params.flag("ats")),
      m_queue_depth(static_cast<unsigned>(params.uint("ats_queue_depth"))),
      m_hierarchy(hierarchy_config(params), m_diag),
      m_ports{Port::registers("ecam", &ecam, "configuration space, 1 MiB for each of `buses`",
                              std::uint64_t{m_buses} * pcie::Hierarchy::bus_bytes),
              {"mmio", &mmio, "memory space, from PCI address `mmio_base` on"},
              {"dma", &dma, "requests of all functions, with StreamID stream_base + requester ID"},
              {"ats", &ats, "invalidations and page responses of an SMMU, by StreamID", true},
              {"inta", &inta, "INTA of the root bus", true},
              {"intb", &intb, "INTB of the root bus", true},
              {"intc", &intc, "INTC of the root bus", true},
              {"intd", &intd, "INTD of the root bus", true},
              {"reset", &reset, "a rising edge resets all functions", true}} {
  if (m_stream_count - 1 > 0xffffffffU - m_stream_base)
    throw ConfigError("stream_base", "stream_base: StreamIDs have 32 bits");
  ecam.register_b_transport(this, &Pcie::config_transport);
  ecam.register_transport_dbg(this, &Pcie::config_debug);
  mmio.register_b_transport(this, &Pcie::memory_transport);
  mmio.register_transport_dbg(this, &Pcie::memory_debug);
  ats.register_b_transport(this, &Pcie::ats_transport);
  for (std::size_t i = 0; i < m_hierarchy.size(); ++i) {
    if (m_hierarchy.endpoint(i) == nullptr) continue;
    m_masters.push_back(std::make_unique<Master>(("function" + std::to_string(i)).c_str(), *this, i));
  }
  for (LineOut* line : {&inta, &intb, &intc, &intd}) {
    m_pins.push_back(
        std::make_unique<LineDriver>((std::string(line->basename()) + "_driver").c_str(), *line));
  }
  SMMUVP_HAS_PROCESS(Pcie);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

Pcie::~Pcie() = default;

void Pcie::config_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const auto window = static_cast<std::uint32_t>(m_buses * pcie::Hierarchy::bus_bytes);
  const bool done = register_transport(payload, window, [this](const RegisterAccess& a) {
    std::uint64_t value = a.value;
    if (a.write) {
      m_hierarchy.config_write(a.offset, a.bytes, a.value);
    } else {
      value = m_hierarchy.config_read(a.offset, a.bytes);
    }
    if (m_tracer.on()) {
      m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_config, place(a.offset), a.offset & 0xfff, a.bytes,
                    a.write, value);
    }
    return value;
  });
  if (done && payload.is_write()) kick();
  settle();
}

unsigned Pcie::config_debug(tlm::tlm_generic_payload& payload) {
  const auto window = static_cast<std::uint32_t>(m_buses * pcie::Hierarchy::bus_bytes);
  return debug_register_read(payload, window, [this](std::uint32_t offset, unsigned bytes) {
    return m_hierarchy.config_peek(offset, bytes);
  });
}

void Pcie::memory_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  constexpr std::uint32_t window = 0xffffffff;
  RegisterAccess access;
  const bool burst = payload.get_byte_enable_ptr() == nullptr && payload.get_data_ptr() != nullptr &&
                     payload.get_data_length() <= longest &&
                     payload.get_streaming_width() >= payload.get_data_length() &&
                     payload.get_extension<CompareSwapExtension>() == nullptr;
  if (burst && (payload.is_read() || payload.is_write()) && payload.get_data_length() != 0) {
    m_hierarchy.memory_access(payload.get_address(), payload.is_write(), payload.get_data_ptr(),
                              payload.get_data_length());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  } else if (begin_register_access(payload, window, access)) {
    m_hierarchy.memory_access(access.offset, access.write, payload.get_data_ptr() + access.lane,
                              access.bytes);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  } else {
    return;
  }
  kick();
  settle();
}

unsigned Pcie::memory_debug(tlm::tlm_generic_payload& payload) {
  if (!payload.is_read() || payload.get_data_ptr() == nullptr) return 0;
  unsigned done = 0;
  while (done < payload.get_data_length() &&
         m_hierarchy.memory_peek(payload.get_address() + done, payload.get_data_ptr() + done, 1))
    ++done;
  return done;
}

void Pcie::request_transport(Master& from, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const std::uint64_t address = payload.get_address();
  const unsigned length = payload.get_data_length();
  const auto type = static_cast<DmaAts>(payload.get_extension<AccessExtension>()->ats);
  pcie::Routed routed = m_hierarchy.route(from.function, address, length, type);
  if (type == DmaAts::TranslationRequest && routed.way == pcie::Routed::Way::Peer) {
    routed.way = pcie::Routed::Way::Unsupported;
    routed.why = "a Translation Request met a function";
  }
  if (m_tracer.on()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp() + delay), trace_request, m_hierarchy.name_of(from.function),
                  word(routed.way), routed.requester_id, address, length, payload.is_write());
    if (type != DmaAts::None) {
      m_tracer.emit(to_ps(sc_core::sc_time_stamp() + delay), trace_type, m_hierarchy.name_of(from.function),
                    word(type), address);
    }
  }
  switch (routed.way) {
    case pcie::Routed::Way::Peer:
      m_hierarchy.peer_access(routed, payload.is_write(), payload.get_data_ptr(), length);
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
      kick();
      settle();
      break;
    case pcie::Routed::Way::Unsupported:
      m_hierarchy.refused(from.function, routed, address, payload.is_write());
      payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      break;
    case pcie::Routed::Way::Blocked:
      m_hierarchy.refused(from.function, routed, address, payload.is_write());
      payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
      break;
    case pcie::Routed::Way::Host:
      to_host(from, routed, payload, delay);
      break;
  }
  if (type == DmaAts::TranslationRequest) end_translation(from, routed, payload);
}

void Pcie::to_host(Master& from, const pcie::Routed& routed, tlm::tlm_generic_payload& payload,
                   sc_core::sc_time& delay) {
  m_hierarchy.count_to_host();
  AccessExtension& access = *payload.get_extension<AccessExtension>();
  access.stream_id = m_stream_base + routed.requester_id;
  const bool translation = access.ats == AtsPhase::TranslationRequest;
  dma->b_transport(payload, delay);
  if (!translation && payload.get_response_status() != tlm::TLM_OK_RESPONSE)
    m_hierarchy.target_aborted(from.function);
}

void Pcie::settle() {
  const unsigned lines = m_hierarchy.intx();
  for (unsigned pin = 0; pin < pins; ++pin) {
    const bool level = (lines >> pin & 1) != 0;
    if (m_pins[pin]->level() == level) continue;
    m_pins[pin]->set(level);
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_pin, pin, level);
  }
}

void Pcie::kick() {
  for (const auto& master : m_masters) master->process.kick();
}

void Pcie::reset_rises() {
  m_hierarchy.reset();
  settle();
}

void Pcie::visit(Archive& archive) {
  m_hierarchy.visit(archive);
  for (const auto& master : m_masters) master->process.visit(archive);
  if (!archive.loading()) return;
  ++m_loadings;
  for (const auto& master : m_masters) master->changed.notify(sc_core::SC_ZERO_TIME);
  settle();
}

void Pcie::statistics(StatVisitor& visitor) const {
  const pcie::Hierarchy::Counters& c = m_hierarchy.counters();
  visitor.stat("config_reads", c.config_reads, "1", "reads of configuration space");
  visitor.stat("config_writes", c.config_writes, "1", "writes to configuration space");
  visitor.stat("config_unsupported", c.config_unsupported, "1", "of both, those that no function answered");
  visitor.stat("memory_accesses", c.memory_accesses, "1", "accesses of the host to memory space");
  visitor.stat("memory_unsupported", c.memory_unsupported, "1", "of these, those that no function answered");
  visitor.stat("to_host", c.to_host, "1", "requests that went to the host");
  visitor.stat("to_peers", c.to_peers, "1", "requests that a function answered without the host");
  visitor.stat("unsupported", c.unsupported, "1", "requests that nobody took");
  std::uint64_t messages = 0;
  TestdevCore::Counters sum{};
  pcie::Translator::Counters ats{};
  for (const auto& master : m_masters) {
    const pcie::Endpoint& endpoint = *m_hierarchy.endpoint(master->function);
    const TestdevCore::Counters& d = endpoint.device().counters();
    messages += endpoint.messages();
    const pcie::Translator::Counters& a = endpoint.translator().counters();
    ats.hits += a.hits;
    ats.misses += a.misses;
    ats.requests += a.requests;
    ats.errors += a.errors;
    ats.translated += a.translated;
    ats.invalidations += a.invalidations;
    ats.page_requests += a.page_requests;
    ats.page_responses += a.page_responses;
    sum.descriptors += d.descriptors;
    sum.failed += d.failed;
    sum.read_bytes += d.read_bytes;
    sum.written_bytes += d.written_bytes;
  }
  visitor.stat("atc_hits", ats.hits, "1", "accesses that an ATC had a translation for");
  visitor.stat("atc_misses", ats.misses, "1", "accesses that an ATC had none for");
  visitor.stat("translation_requests", ats.requests, "1", "Translation Requests");
  visitor.stat("translation_errors", ats.errors, "1", "of these, those that gave no translation");
  visitor.stat("translated_requests", ats.translated, "1", "requests at translated addresses");
  visitor.stat("invalidations", ats.invalidations, "1", "Invalidate Requests that functions have taken");
  visitor.stat("page_requests", ats.page_requests, "1", "Page Requests");
  visitor.stat("page_responses", ats.page_responses, "1", "Page Responses");
  visitor.stat("messages", messages, "1", "message signalled interrupts");
  visitor.stat("descriptors", sum.descriptors, "1", "descriptors finished, of all endpoints");
  visitor.stat("failed", sum.failed, "1", "descriptors finished with a status other than OK");
  visitor.stat("read_bytes", sum.read_bytes, "bytes", "data read");
  visitor.stat("written_bytes", sum.written_bytes, "bytes", "data written");
}

std::vector<PciWindow> Pcie::windows() const { return {{"mmio", 0x02000000, m_mmio_base}}; }

std::uint32_t Pcie::requester_ids() const { return std::min(m_stream_count, m_buses * 256); }

void Pcie::describe(DtNode& node) const {
  // bindings/pci/host-generic-pci; what depends on the wiring is the platform's.
  node.set_name("pcie");
  node.strings("compatible", {"pci-host-ecam-generic"});
  node.strings("device_type", {"pci"});
  node.cells("#address-cells", {3});
  node.cells("#size-cells", {2});
  node.cells("bus-range", {0, m_buses - 1});
  // of_iommu of Linux asks for it before it enables ATS of a function.
  if (m_ats) node.flag("ats-supported");
  node.flag(m_coherent ? "dma-coherent" : "dma-noncoherent");
}

const ComponentType& pcie_type() {
  static const ComponentType type{
      "pcie",
      "PCI host in ECAM form, with endpoints, ports, switches and bridges",
      {{"topology", ParamType::Text, "dma, port[dma], port[bridge[dma, dma]], port[switch-noacs[dma, dma]]",
        "What functions there are: docs/pcie.md, Topology."},
       {"buses", ParamType::Uint, "8", "Buses of configuration space; its window has 1 MiB for each.", 1,
        256},
       {"mmio_base", ParamType::Uint, "0x10000000",
        "PCI address of the first byte of the window `mmio`; the same as its address in the map unless a "
        "device tree shall translate. A multiple of 1 MiB.",
        0, 0xfff00000},
       {"stream_base", ParamType::Uint, "0x0", "StreamID of requester ID 0.", 0, 0xffffffff},
       {"stream_count", ParamType::Uint, "65536", "Number of requester IDs that reach memory.", 1, 65536},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which an endpoint moves data, in bytes per microsecond; what the bus takes comes on top.", 1,
        1'000'000},
       {"ats", ParamType::Bool, "false",
        "An SMMU that knows ATS is upstream: the device tree says ats-supported. Otherwise requests with an "
        "address type of their own, and page requests, are unsupported ones."},
       {"atc_entries", ParamType::Uint, "32", "Entries of the ATC of a function with ats.", 1, 4096},
       {"ats_queue_depth", ParamType::Uint, "32",
        "Invalidations that a function takes before others wait (Invalidate Queue Depth).", 1, 32},
       {"pri_capacity", ParamType::Uint, "32", "Outstanding Page Request Capacity of a function with pri.", 1,
        256},
       {"coherent", ParamType::Bool, "true",
        "The device tree says dma-coherent, or else dma-noncoherent: the driver sees to the caches. No cache "
        "is modelled, so the functions behave alike."}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Pcie>(name, params, host);
      },
      {trace_config, trace_request, trace_type, trace_translation, trace_message, trace_pin}};
  return type;
}

}  // namespace smmuvp
