#include "smmuvp/tlm/host_link.h"

#include <algorithm>
#include <utility>

#include "smmuvp/tlm/report.h"

namespace smmuvp {

class HostLink::Diagnostics : public DiagSink {
 public:
  explicit Diagnostics(HostLink& link) : m_link(link) {}
  void report(const Diagnostic& d) override { m_link.target().diag().report(d); }

 private:
  HostLink& m_link;
};

class HostLink::Traces : public TraceSink {
 public:
  Traces(HostLink& link, TraceSink& next) : TraceSink(Before{next}), m_link(link), m_next(next) {}
  bool wants(std::string_view source, std::string_view point) override {
    m_link.check();
    return m_link.m_host != nullptr && m_next.wants(source, point);
  }
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override {
    m_link.check();
    if (m_link.m_host != nullptr) m_next.record(time_ps, source, point, values, count);
  }

 private:
  HostLink& m_link;
  TraceSink& m_next;
};

HostLink::HostLink(Host& host, std::string user)
    : m_host(&host), m_user(std::move(user)), m_diagnostics(std::make_unique<Diagnostics>(*this)) {
  if (TraceSink* sink = host.trace()) m_traces = std::make_unique<Traces>(*this, *sink);
  host.m_links.push_back(this);
}

HostLink::~HostLink() {
  if (m_host == nullptr) return;
  auto& links = m_host->m_links;
  links.erase(std::find(links.begin(), links.end(), this));
}

Host::~Host() {
  for (HostLink* link : m_links) link->m_host = nullptr;
}

void HostLink::check() {
  if (m_host != nullptr) return;
  report_error(m_user,
               m_user + ": its host has been destroyed; a Host outlives the components that it is given to");
}

Host& HostLink::target() {
  check();
  return m_host != nullptr ? *m_host : default_host();
}

DiagSink& HostLink::diag() { return *m_diagnostics; }
TraceSink* HostLink::trace() { return m_traces.get(); }
void HostLink::guest_exit(const GuestExit& exit) { target().guest_exit(exit); }
void HostLink::internal_error(const std::string& source, const std::string& text) {
  target().internal_error(source, text);
}
void HostLink::unsupported(const std::string& source, const std::string& text) {
  target().unsupported(source, text);
}
void HostLink::limitation(const std::string& source, const std::string& text) {
  target().limitation(source, text);
}
bool HostLink::pause_requested() { return target().pause_requested(); }

}  // namespace smmuvp
